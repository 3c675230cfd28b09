"""One rule for each kind of data: how long, in what batches, how fast, when to stop.

A rule is given the number of training examples and the label, and answers with a `Recipe`.
docs/recipes.md says on what data, and on which of its splits, each number was chosen.
"""

import dataclasses
import math

from tfapp.spec import IMAGES, LANGUAGE, TABLE, TEXTS, VECTORS


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How one kind of data of one size is trained on."""

    steps: int  # about as many optimizer steps in all ...
    least_epochs: int  # ... but not fewer epochs than this,
    most_epochs: int  # nor more than this
    batch_size: int = 32
    optimizer: str = "adam"
    learning_rate: float = 1e-3  # at the rule's own batch size
    schedule: str = "constant"
    warmup_steps: str = "0"
    weight_decay: float = 0.0
    clip_norm: float = 0.0
    label_smoothing: float = 0.0
    patience: float = 0.25  # share of the run without improvement after which it ends; 0: never


@dataclasses.dataclass(frozen=True)
class _Sized:
    """A recipe whose batch grows with the data, and nothing else."""

    share: int  # of the examples, one in so many is in a batch, ...
    least: int  # ... between these two
    most: int
    recipe: Recipe

    def of(self, examples):
        batch_size = _power_of_two(examples / self.share, self.least, self.most)
        return dataclasses.replace(self.recipe, batch_size=batch_size)


_SIZED = {
    # A multi-layer perceptron.
    VECTORS: _Sized(100, 32, 256, Recipe(3000, 10, 100, schedule="cosine")),
    # A convolutional network from random weights.
    IMAGES: _Sized(
        50,
        32,
        128,
        Recipe(
            2000,
            8,
            60,
            schedule="cosine",
            warmup_steps="5%",
            weight_decay=1e-2,
            optimizer="adamw",
        ),
    ),
    # An encoder from random weights.
    TEXTS: _Sized(150, 16, 128, Recipe(1500, 6, 40, schedule="cosine", warmup_steps="5%")),
    # Examples are windows of a text.
    LANGUAGE: _Sized(
        400,
        16,
        64,
        Recipe(
            1500,
            1,
            50,
            optimizer="muon",
            learning_rate=2e-2,
            schedule="cosine",
            warmup_steps="5%",
            weight_decay=0.1,
            clip_norm=1.0,
        ),
    ),
}


def recipe_for(kind, examples, label):
    """The `Recipe` for one of the kinds of `tfapp.spec`, a number of examples and a `LabelSpec`."""
    return _table(examples, label) if kind == TABLE else _SIZED[kind].of(examples)


def _table(examples, label):
    """An ensemble of perceptrons on columns (`tabm`).

    The smaller a table, the stronger the decay that keeps the members from learning it by heart,
    and the slower they learn. A quantity takes longer to fit than classes.
    """
    large = examples > 5000
    if examples < 1000:
        rate, steps = 2e-3, 500
    elif not large:
        rate, steps = 4e-3, 600 + round(900 * (examples - 1000) / 4000)
    else:
        rate, steps = 8e-3, 4500 if label.kind == "real" else 1500
    return Recipe(
        batch_size=_power_of_two(examples / 80, 64, 256),
        steps=steps,
        least_epochs=5,
        most_epochs=200,
        learning_rate=rate,
        schedule="cosine",
        weight_decay=float(f"{min(max(1000 / examples, 0.02), 3):.2g}"),
        clip_norm=1.0,
        patience=0.35,
    )


def _power_of_two(wanted, least, most):
    """The power of two nearest to `wanted`, between two others."""
    return min(max(2 ** round(math.log2(max(wanted, 1))), least), most)

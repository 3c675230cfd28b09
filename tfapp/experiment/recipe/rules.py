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
    augment: tuple[str, ...] = ()  # what may be among --augment, see augment.py


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


LEAST_DECAY = 0.02  # of tables
_FEW_ROWS = 1000  # effective rows of a small table
# Of images: bounds of the epochs, and so many that they are shifted by up to an eighth.
_LEAST_EPOCHS, _MOST_EPOCHS, _MANY_EPOCHS = 8, 50, 20


def recipe_for(kind, examples, columns, label):
    """The `Recipe` for data.

    Args:
      kind: one of those of `tfapp.spec`.
      examples: number of them for training.
      columns: number of features.
      label: a `LabelSpec`.
    """
    if kind == IMAGES:
        return _images(examples)
    return _table(examples, columns, label) if kind == TABLE else _SIZED[kind].of(examples)


def _images(examples):
    """A convolutional network from random weights.

    The epochs fall with the root of the number of images: 50 of 1,000, 16 of 10,000, 8 of 40,000 or
    more. Where they are few a network does not learn its training data by heart, and the images are
    shifted by half as much.
    """
    epochs = min(max(round(50 * math.sqrt(1000 / examples)), _LEAST_EPOCHS), _MOST_EPOCHS)
    batch_size = _power_of_two(examples / 800, 32, 128)
    return Recipe(
        steps=epochs * max(examples // batch_size, 1),
        least_epochs=_LEAST_EPOCHS,
        most_epochs=_MOST_EPOCHS,
        batch_size=batch_size,
        optimizer="adamw",
        learning_rate=float(f"{3e-3 * math.sqrt(batch_size / 128):.2g}"),
        schedule="cosine",
        warmup_steps="5%",
        weight_decay=0.05,
        label_smoothing=0.1,
        augment=("flip", "crop:0.125" if epochs >= _MANY_EPOCHS else "crop:0.0625", "colour"),
    )


def effective_rows(examples, columns):
    """The rows of a table, those of more than ten columns counted for less."""
    return examples * min(max(10 / columns, 0.2), 1)


def is_small(examples, columns):
    """Whether a table is small, by its effective rows."""
    return effective_rows(examples, columns) < _FEW_ROWS


def _table(examples, columns, label):
    """An ensemble of perceptrons on columns (`tabm`).

    The smaller a table, the stronger the decay that keeps the members from learning it by heart,
    and the slower they learn. Many columns make this easier: rows of more than ten count for less,
    those of fifty or more for a fifth. A quantity takes longer to fit than classes.
    """
    if examples < 1000:
        steps = 500
    elif examples <= 5000:
        steps = 600 + round(900 * (examples - 1000) / 4000)
    else:
        steps = 4500 if label.kind == "real" else 1500
    size = effective_rows(examples, columns)
    rate = 2e-3 if is_small(examples, columns) else 4e-3 if size <= 5000 else 8e-3
    return Recipe(
        batch_size=_power_of_two(examples / 80, 64, 256),
        steps=steps,
        least_epochs=5,
        most_epochs=500,  # so that a few dozen rows are learnt as well
        learning_rate=rate,
        schedule="cosine",
        weight_decay=float(f"{min(max(1000 / size, LEAST_DECAY), 6):.2g}"),
        clip_norm=1.0,
        patience=0.35,
    )


def _power_of_two(wanted, least, most):
    """The power of two nearest to `wanted`, between two others."""
    return min(max(2 ** round(math.log2(max(wanted, 1))), least), most)

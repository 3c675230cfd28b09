"""One rule for each kind of data: how long, in what batches, how fast, when to stop.

A rule is given the number of training examples and the label, and answers with a `Recipe`.
docs/recipes.md says on what data, and on which of its splits, each number was chosen.
"""

import dataclasses
import math

TABLE, VECTORS, IMAGES, TEXTS, LANGUAGE = "table", "vectors", "images", "texts", "language"


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How one kind of data of one size is trained on."""

    batch_size: int
    steps: int  # about as many optimizer steps in all ...
    least_epochs: int  # ... but not fewer epochs than this,
    most_epochs: int  # nor more than this
    optimizer: str = "adam"
    learning_rate: float = 1e-3  # at the rule's own batch size
    schedule: str = "constant"
    warmup_steps: str = "0"
    weight_decay: float = 0.0
    clip_norm: float = 0.0
    label_smoothing: float = 0.0
    patience: float = 0.25  # share of the run without improvement after which it ends; 0: never


def kind_of(inputs, label):
    """The kind of data, one of the names above, from `InputSpec`s and a `LabelSpec`."""
    kinds = {spec.kind for spec in inputs}
    if label.kind == "tokens":
        return LANGUAGE
    if kinds == {"tokens"} and len(inputs) == 1:
        return TEXTS
    if kinds == {"image"}:
        return IMAGES
    if kinds == {"numeric"} and all(spec.shape for spec in inputs):
        return VECTORS
    return TABLE


def table(examples, label):
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


def vectors(examples, label):
    """A multi-layer perceptron on vectors of numbers."""
    del label
    return Recipe(
        batch_size=_power_of_two(examples / 100, 32, 256),
        steps=3000,
        least_epochs=10,
        most_epochs=100,
        schedule="cosine",
    )


def images(examples, label):
    """A convolutional network from random weights."""
    del label
    return Recipe(
        batch_size=_power_of_two(examples / 50, 32, 128),
        steps=2000,
        least_epochs=8,
        most_epochs=60,
        schedule="cosine",
        warmup_steps="5%",
        weight_decay=1e-2,
        optimizer="adamw",
    )


def texts(examples, label):
    """An encoder of texts from random weights."""
    del label
    return Recipe(
        batch_size=_power_of_two(examples / 150, 16, 128),
        steps=1500,
        least_epochs=6,
        most_epochs=40,
        schedule="cosine",
        warmup_steps="5%",
    )


def language(examples, label):
    """A language model, whose examples are windows of a text."""
    del label
    return Recipe(
        batch_size=_power_of_two(examples / 100, 16, 64),
        steps=2000,
        least_epochs=3,
        most_epochs=50,
        learning_rate=3e-3,
        schedule="cosine",
        warmup_steps="5%",
    )


RULES = {TABLE: table, VECTORS: vectors, IMAGES: images, TEXTS: texts, LANGUAGE: language}


def _power_of_two(wanted, least, most):
    """The power of two nearest to `wanted`, between two others."""
    return min(max(2 ** round(math.log2(max(wanted, 1))), least), most)

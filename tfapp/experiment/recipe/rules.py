"""One rule for each kind of data: how long, in what batches, how fast, when to stop.

A rule is given the number of training examples and answers with a `Recipe`. docs/recipes.md says
on what data, and on which of its splits, each number was chosen.
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


def table(examples):
    """Small tables take many epochs of small batches; large ones few of large ones."""
    batch_size = _power_of_two(examples / 40, 32, 512)
    return Recipe(
        batch_size=batch_size,
        steps=2000,
        least_epochs=30,
        most_epochs=200,
        optimizer="adamw",
        learning_rate=2e-3,
        schedule="cosine",
        weight_decay=1e-2,
    )


def vectors(examples):
    """A multi-layer perceptron on vectors of numbers."""
    return Recipe(
        batch_size=_power_of_two(examples / 100, 32, 256),
        steps=3000,
        least_epochs=10,
        most_epochs=100,
        schedule="cosine",
    )


def images(examples):
    """A convolutional network from random weights."""
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


def texts(examples):
    """An encoder of texts from random weights."""
    return Recipe(
        batch_size=_power_of_two(examples / 150, 16, 128),
        steps=1500,
        least_epochs=6,
        most_epochs=40,
        schedule="cosine",
        warmup_steps="5%",
    )


def language(examples):
    """A language model, whose examples are windows of a text."""
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

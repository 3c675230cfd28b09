"""Checks of what the data gives a model that takes one input of one kind."""

from tfapp.errors import UsageError


def one_image(inputs):
    """The only `InputSpec`. Raises UsageError unless it is one of an image."""
    if len(inputs) != 1 or inputs[0].kind != "image":
        found = ", ".join(f"{spec.name} ({spec.kind})" for spec in inputs)
        raise UsageError(f"takes one image, but the data has {found}")
    return inputs[0]


def one_text(inputs, what="a text"):
    """The only `InputSpec`. Raises UsageError, which calls it `what`, unless it is of tokens."""
    (spec,) = inputs
    if spec.kind != "tokens":
        raise UsageError(f"takes {what}, but {spec.name} is of kind {spec.kind}")
    return spec

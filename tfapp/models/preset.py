"""The contract of a model preset: a class with arguments, and what it is known to be."""

import dataclasses

from tfapp.spec import InputSpec

OF_KERAS = "keras:"  # with which the name of a network of keras.applications begins


@dataclasses.dataclass(frozen=True)
class Preset:
    """A model that tfapp offers by name."""

    name: str  # of --model
    target: str  # package.module:Class of a keras.Model
    arguments: dict  # of its constructor; --model_arg overrides them one by one
    parameters: int  # trainable weights with `inputs` and `outputs` below
    inputs: tuple[InputSpec, ...]  # the reference inputs that `parameters` holds for
    source: str  # paper or origin
    outputs: int = 10  # the reference width of the last layer
    # What auto stands for in the recipe, field -> value, where the rule for the kind of data does
    # not fit this model.
    recipe: dict = dataclasses.field(default_factory=dict)

"""The contract of a model preset: a class with arguments, and what it is known to be."""

import dataclasses

from tfapp.spec import InputSpec


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
    # Where the rule for its kind of data does not suit it: name of a flag -> its value.
    recipe: dict = dataclasses.field(default_factory=dict)

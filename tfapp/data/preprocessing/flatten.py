"""--flatten: all features of an example as one vector, for models that take nothing else."""

import dataclasses
import math

import tensorflow as tf

from tfapp.errors import UsageError
from tfapp.spec import InputSpec

_NAME = "features"  # of the vector, where it is made of several


@dataclasses.dataclass(frozen=True)
class Flatten:
    """Joins inputs in the order of their names: numbers and pixels as they are, ids one-hot."""

    sizes: dict[str, int]  # name of an input of ids -> how many there are

    @classmethod
    def of(cls, specs):
        """For inputs by their `InputSpec`s. Raises UsageError for a text."""
        texts = [spec.name for spec in specs if spec.kind == "tokens"]
        if texts:
            raise UsageError(f"--flatten: {texts[0]} is a text, whose tokens are no vector")
        return cls({spec.name: spec.vocabulary for spec in specs if spec.kind == "ids"})

    def __call__(self, inputs):
        """Tensors [batch, ...] by name -> float32 [batch, n]."""
        return tf.concat([self._vectors(name, inputs[name]) for name in sorted(inputs)], axis=-1)

    def input_spec(self, specs):
        """The `InputSpec` of the vector."""
        width = sum(self.sizes.get(spec.name, 1) * math.prod(spec.shape) for spec in specs)
        name = specs[0].name if len(specs) == 1 else _NAME
        return InputSpec(name, "numeric", (width,), "float32")

    def _vectors(self, name, values):
        if name in self.sizes:
            values = tf.one_hot(values, self.sizes[name])
        return tf.reshape(tf.cast(values, tf.float32), (-1, math.prod(values.shape[1:])))

"""The weights of a servable: how each one is kept in memory and in a SavedModel."""

import abc
import dataclasses
from typing import Protocol

import tensorflow as tf

from tfapp.runtime import private_api


class Form(abc.ABC):
    """How one weight is kept: as which tensors, and how its value is read from them."""

    @abc.abstractmethod
    def parts(self, value):
        """A tensor, the weight -> the tensors that are kept, a tuple."""

    @abc.abstractmethod
    def value(self, *parts):
        """The tensors -> the weight."""


@dataclasses.dataclass(frozen=True)
class Whole(Form):
    """One tensor of a type of its own; the weight is given in the type it had."""

    kept_in: tf.DType
    dtype: tf.DType

    def parts(self, value):
        return (tf.cast(value, self.kept_in),)

    def value(self, part):
        return tf.cast(part, self.dtype)


@dataclasses.dataclass(frozen=True)
class Unused(Form):
    """Nothing is kept of a weight that nothing is computed of; a model is given zeros."""

    shape: tf.TensorShape
    dtype: tf.DType

    def parts(self, value):
        return ()

    def value(self):
        return tf.zeros(self.shape, self.dtype)


class Grid(Protocol):
    """The numbers that a kernel may be; see `tfapp.compression.grids`."""

    def pack(self, kernel, axis):
        """A kernel on the grid -> (levels, scales)."""

    def unpack(self, packed, scale, shape):
        """The reverse."""


@dataclasses.dataclass(frozen=True)
class Packed(Form):
    """A float32 kernel that is on a `Grid`: levels of few bytes, and a scale for each output."""

    grid: Grid
    axis: int  # of the outputs
    shape: tf.TensorShape

    def parts(self, value):
        return self.grid.pack(value, self.axis)

    def value(self, levels, scale):
        return self.grid.unpack(levels, scale, self.shape)


class KeptWeights:
    """Variables on the host that hold weights.

    Attributes:
      variables: tuple of tf.Variable, of one weight after the other.
    """

    def __init__(self, values, forms, *, trainable):
        """
        Args:
          values: tensors, the weights.
          forms: the `Form` of each.
          trainable: whether who loads them may train on; packed ones have no gradient.
        """
        self._forms = list(forms)
        with tf.device("CPU:0"):
            self._of_each = [
                [
                    tf.Variable(part, trainable=trainable and isinstance(form, Whole))
                    for part in form.parts(value)
                ]
                for form, value in zip(self._forms, values, strict=True)
            ]
        self.variables = tuple(variable for each in self._of_each for variable in each)

    def read(self):
        """The weights, a list of tensors."""
        return [
            form.value(*(variable.read_value() for variable in variables))
            for form, variables in zip(self._forms, self._of_each, strict=True)
        ]

    def assign(self, values):
        """Replaces the weights; they may have been released."""
        for form, variables, value in zip(self._forms, self._of_each, values, strict=True):
            for variable, part in zip(variables, form.parts(value), strict=True):
                private_api.refill(variable, part)

    def release(self):
        """Frees the memory, until `assign`."""
        for variable in self.variables:
            private_api.free(variable)


def forms_of(values, kept_in):
    """A `Form` of each tensor, a list: of float32 ones with two dimensions or more in `kept_in`."""
    types = [tf.as_dtype(value.dtype) for value in values]
    rounded = [t == tf.float32 and len(v.shape) > 1 for t, v in zip(types, values, strict=True)]
    return [Whole(kept_in if r else t, t) for t, r in zip(types, rounded, strict=True)]

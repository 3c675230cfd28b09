"""One signature of a SavedModel: what it takes, what it gives, and a call with NumPy arrays."""

import dataclasses

import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class Input:
    """One argument."""

    name: str  # of the feature
    argument: str
    dtype: tf.DType
    shape: tuple[int | None, ...]  # of one example; None: any size
    is_image: bool = False  # the bytes of a JPEG, PNG, GIF or BMP


@dataclasses.dataclass(frozen=True, eq=False)
class Signature:
    """A function from arrays, by argument, to arrays, by name of an answer."""

    name: str
    inputs: dict[str, Input]  # by argument
    outputs: dict[str, tf.TensorSpec]  # [None, ...], in the order of their names
    function: tf.types.experimental.ConcreteFunction

    def by_name(self, name):
        """The `Input` of this argument or feature; None if there is none."""
        if name in self.inputs:
            return self.inputs[name]
        return next((taken for taken in self.inputs.values() if taken.name == name), None)

    @property
    def has_batches(self):
        """Whether examples of several requests can be answered in one call."""
        return all(s.shape.rank and s.shape[0] is None for s in self.outputs.values())

    def __call__(self, arrays):
        """
        Args:
          arrays: argument -> NumPy [n, ...].

        Returns:
          name of an answer -> NumPy [n, ...].

        Raises:
          tf.errors.OpError: the model cannot work on it.
        """
        tensors = {a: tf.constant(arrays[a], i.dtype) for a, i in self.inputs.items()}
        answers = self.function(**tensors)
        return {name: answers[name].numpy() for name in self.outputs}


def signature_of(name, function, features, *, images=False):
    """The `Signature` of a function that a SavedModel holds.

    Args:
      name: its name in the SavedModel.
      function: the `ConcreteFunction`.
      features: argument -> name of the feature; arguments that it lacks have their own.
      images: its inputs are the bytes of images.
    """
    inputs = {
        argument: Input(
            features.get(argument, argument), argument, spec.dtype, tuple(spec.shape[1:]), images
        )
        for argument, spec in sorted(function.structured_input_signature[1].items())
    }
    outputs = function.structured_outputs
    return Signature(name, inputs, {n: outputs[n] for n in sorted(outputs)}, function)

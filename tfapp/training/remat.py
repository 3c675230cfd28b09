"""Rematerialisation: activations inside a model's blocks are computed again in the backward pass.

Chen et al., "Training Deep Nets with Sublinear Memory Cost", arXiv:1604.06174. Of each block
of the model (`tfapp.models.blocks`: a residual block, an encoder layer) only the inputs and outputs
are kept. Arithmetic is traded for memory: about a third more.

Keras's own `remat` takes gradients with respect to tf.Variables alone; here weights are values, so
each block becomes a function of its inputs and weights with a gradient of its own.
"""

import contextlib

import keras
import tensorflow as tf

from tfapp.errors import UsageError
from tfapp.models.blocks import blocks_of
from tfapp.runtime import private_api


def check(model, name):
    """Raises UsageError if nothing of the model can be computed again."""
    if not blocks_of(model):
        raise UsageError(
            f"--remat: --model={name} has no blocks (layers with layers of their own) to compute "
            "again; drop the flag"
        )


@contextlib.contextmanager
def rematerialised(model):
    """Inside, calls of the model's blocks keep no activations. Use in a `keras.StatelessScope`."""
    blocks = blocks_of(model)
    for block in blocks:
        block.call = _Block(block)
    try:
        yield
    finally:
        for block in blocks:
            del block.call


class _Block:
    """Stands in for a layer's `call`."""

    def __init__(self, layer):
        self._layer = layer
        self._original = layer.call
        self._inside = False

    def __call__(self, *args, **kwargs):
        if self._inside:
            return self._original(*args, **kwargs)
        layer = self._layer
        weights = [v.value for v in layer.trainable_variables]
        others = [v.value for v in layer.non_trainable_variables]
        flat = tf.nest.flatten((args, kwargs))
        places = [i for i, value in enumerate(flat) if tf.is_tensor(value)]

        def compute(tensors, weights):
            """(outputs, new non-trainable values), through Layer.__call__ for its dtype casts."""
            values = list(flat)
            for place, tensor in zip(places, tensors, strict=True):
                values[place] = tensor
            again_args, again_kwargs = tf.nest.pack_sequence_as((args, kwargs), values)
            mapping = [
                *zip(layer.trainable_variables, weights, strict=True),
                *zip(layer.non_trainable_variables, others, strict=True),
            ]
            self._inside = True
            try:
                with keras.StatelessScope(state_mapping=mapping) as scope:
                    outputs = layer(*again_args, **again_kwargs)
            finally:
                self._inside = False
            new = [scope.get_current_value(v) for v in layer.non_trainable_variables]
            return outputs, new

        outputs, new = _checkpointed(compute, [flat[i] for i in places], weights)
        for variable, value in zip(layer.non_trainable_variables, new, strict=True):
            variable.assign(value)
        return outputs


def _checkpointed(compute, tensors, weights):
    """compute(tensors, weights), whose gradient computes it again from its inputs."""
    count, shape = len(tensors), []

    @tf.custom_gradient
    def run(*inputs):
        outputs, new = compute(inputs[:count], inputs[count:])
        shape[:] = [outputs, len(tf.nest.flatten(outputs))]

        def gradient(*grads):
            grads = grads[: shape[1]]
            # Until these gradients are there, nothing may be computed again, nor be taken for the
            # same as the first time.
            with tf.control_dependencies(grads):
                again = [tf.identity(value) for value in inputs]
            again = private_api.optimization_barrier([*again, *grads])
            again, grads = again[: len(inputs)], again[len(inputs) :]
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(again)
                outputs, _ = compute(again[:count], again[count:])
            return tape.gradient(
                tf.nest.flatten(outputs),
                again,
                output_gradients=grads,
                unconnected_gradients=tf.UnconnectedGradients.ZERO,
            )

        return [*tf.nest.flatten(outputs), *new], gradient

    results = run(*tensors, *weights)
    outputs, number = shape
    return tf.nest.pack_sequence_as(outputs, results[:number]), results[number:]

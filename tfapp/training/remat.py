"""Rematerialisation: activations inside a model's blocks are computed again in the backward pass.

Chen et al., "Training Deep Nets with Sublinear Memory Cost", arXiv:1604.06174. Of each block
of the model (`tfapp.models.blocks`: a residual block, an encoder layer) only the inputs and outputs
are kept. Arithmetic is traded for memory: about a third more.

Keras's own `remat` takes gradients with respect to tf.Variables alone; here weights are values, so
each block becomes a function of its inputs and weights with a gradient of its own.
"""

import contextlib

import tensorflow as tf

from tfapp.errors import UsageError
from tfapp.models.blocks import blocks_of
from tfapp.models.outputs import Activation, last_activation
from tfapp.runtime import private_api, private_random


def check(model, name):
    """Raises UsageError if nothing of the model can be computed again."""
    if not blocks_of(model):
        raise UsageError(
            f"--remat: --model={name} has no blocks (layers with layers of their own) to compute "
            "again; drop the flag"
        )


@contextlib.contextmanager
def rematerialised(model):
    """Inside, calls of the model's blocks keep no activations. Use in a `keras.StatelessScope`.

    Yields a dict: name of a block's output -> the `Activation` that it comes from, which the graph
    does not show.
    """
    blocks, activations = blocks_of(model), {}
    for block in blocks:
        block.call = _Block(block, activations)
    try:
        yield activations
    finally:
        for block in blocks:
            del block.call


class _Block:
    """Stands in for a layer's `call`."""

    def __init__(self, layer, activations):
        self._layer = layer
        self._activations = activations
        self._original = layer.call
        self._inside = False

    def __call__(self, *args, **kwargs):
        if self._inside:
            return self._original(*args, **kwargs)
        layer = self._layer
        weights = [v.value for v in layer.trainable_variables]
        states = [*layer.non_trainable_variables, *private_random.unseeded_states()]
        others = [v.value for v in states]
        flat = tf.nest.flatten((args, kwargs))
        places = [i for i, value in enumerate(flat) if tf.is_tensor(value)]
        regularizer, called_here = layer.activity_regularizer, private_api.call_context()
        variables = [*layer.trainable_variables, *states]

        def compute(tensors, weights):
            """((outputs, inputs of activations, losses), assigned), through Layer.__call__."""
            values = list(flat)
            for place, tensor in zip(places, tensors, strict=True):
                values[place] = private_api.with_mask_of(tensor, flat[place])
            again_args, again_kwargs = tf.nest.pack_sequence_as((args, kwargs), values)
            scope = private_api.VariableValues(
                zip(layer.trainable_variables, weights, strict=True),
                zip(states, others, strict=True),
            )
            self._inside, layer.activity_regularizer = True, None  # the outer __call__ adds it
            try:
                with scope, called_here():
                    outputs = layer(*again_args, **again_kwargs)
            finally:
                self._inside, layer.activity_regularizer = False, regularizer
            found = _activations(outputs)
            names.update({i: activation.name for i, activation in found.items()})
            inputs = {i: activation.inputs for i, activation in found.items()}
            return (outputs, inputs, list(scope.losses)), scope.assigned_among(variables)

        names = {}  # position of an output -> name of its activation
        results, assigned = _checkpointed(compute, [flat[i] for i in places], weights)
        outputs, inputs, losses = results
        given = tf.nest.flatten(outputs)
        self._activations.update({given[i].name: Activation(names[i], inputs[i]) for i in names})
        for loss in losses:
            layer.add_loss(loss)
        for position, value in assigned.items():
            variables[position].assign(value)
        return outputs


def _activations(outputs):
    """Position among the outputs -> the `Activation` that it comes from, where there is one."""
    found = {i: last_activation(output) for i, output in enumerate(tf.nest.flatten(outputs))}
    return {i: activation for i, activation in found.items() if activation is not None}


def _checkpointed(compute, tensors, weights):
    """What `compute(tensors, weights)` gives; its gradient computes it again from its inputs."""
    count, structure = len(tensors), []

    @tf.custom_gradient
    def run(*inputs):
        results, assigned = compute(inputs[:count], inputs[count:])
        structure[:] = [(results, assigned)]
        number = len(tf.nest.flatten(results))  # the rest has no gradient

        def gradient(*grads):
            grads = grads[:number]
            # Until these gradients are there, nothing may be computed again, nor be taken for the
            # same as the first time.
            with tf.control_dependencies(grads):
                again = [tf.identity(value) for value in inputs]
            again = private_api.optimization_barrier([*again, *grads])
            again, grads = again[: len(inputs)], again[len(inputs) :]
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(again)
                results, _ = compute(again[:count], again[count:])
            return tape.gradient(
                tf.nest.flatten(results),
                again,
                output_gradients=grads,
                unconnected_gradients=tf.UnconnectedGradients.ZERO,
            )

        return tf.nest.flatten((results, assigned)), gradient

    results = run(*tensors, *weights)
    return tf.nest.pack_sequence_as(structure[0], results)

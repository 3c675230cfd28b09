"""Builds a Keras optimizer for parts of weights: see `tfapp.training.shards`.

That is possible where an update treats each element of a weight by itself, which is tried out
rather than looked up, so that users' own optimizers can be used too.
"""

import contextlib
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from tfapp.errors import UsageError
from tfapp.registry import is_object_path
from tfapp.runtime import private_api
from tfapp.training import optimizers
from tfapp.training.shards import Shards

_UPDATES = 4  # after which parts and a whole weight are compared


class Stored(NamedTuple):
    """Where a value of the unsharded state lies in a sharded one."""

    variable: int  # position in the state's group
    weight: int | None  # whose piece of that variable it is; None: all of the variable


class ShardedOptimizer(NamedTuple):
    """An optimizer of parts of weights, and how they belong to the whole."""

    optimizer: keras.optimizers.Optimizer
    shards: Shards
    stored: tuple[Stored, ...]  # the variables of an unsharded optimizer, in their order


def check_weights(weights):
    """Raises UsageError for a weight whose update is more than the optimizer's rule."""
    for weight in weights:
        why = None
        if weight.constraint is not None:
            why = f"has a constraint ({type(weight.constraint).__name__}), which needs all of it"
        elif weight.overwrite_with_gradient:
            why = "is set by its gradient (float8)"
        if why:
            raise UsageError(
                f"--shard_optimizer: the weight {weight.path} {why}; drop --shard_optimizer"
            )


def check_elementwise(make, name):
    """Tries a few updates on a matrix and on two vectors of half its elements each.

    Args:
      make: (learning_rate=...) -> an optimizer that is not built.
      name: of the optimizer, for the message.

    Raises:
      UsageError: the results differ.
    """
    random = np.random.default_rng(0)
    start = random.normal(size=(4, 6)).astype(np.float32)
    grads = random.normal(size=(_UPDATES, 4, 6)).astype(np.float32)
    (whole,) = _updated(make, [start], [start], [[g] for g in grads])
    halves = np.split(start.ravel(), 2)
    # Built for zeros, as `build` does: slots that begin as copies of the weights show here.
    halves = _updated(
        make, [0 * half for half in halves], halves, [np.split(g.ravel(), 2) for g in grads]
    )
    if not np.allclose(whole.ravel(), np.concatenate(halves), rtol=1e-4, atol=1e-5):
        raise UsageError(
            f"--shard_optimizer: the update of --optimizer={name} needs whole weights (their norms "
            "or shapes, or chance), so replicas cannot make it in parts; use one that treats each "
            "element by itself, such as adamw, adam, sgd or lion, or drop --shard_optimizer"
        )


def _updated(make, built_for, values, grads):
    """The `values` after updates by an optimizer that was built for variables of other values."""
    optimizer = make(learning_rate=0.1)
    optimizer.build([keras.Variable(value) for value in built_for])
    values = [tf.constant(v) for v in values]
    state = [tf.convert_to_tensor(v) for v in optimizer.variables]
    for step, grad in enumerate(grads):
        grad = [tf.constant(g) for g in grad]
        values, state = optimizers.apply(
            optimizer, values, state, grad, tf.constant(step, tf.int64)
        )
    return [np.asarray(v) for v in values]


def build(make, *, name, learning_rate, weights, decayed, num_replicas):
    """Builds a `ShardedOptimizer`; call it inside the strategy's scope.

    Args:
      make: (learning_rate=...) -> an optimizer that is not built.
      name: of the optimizer. A user's own may treat weights by their names, so that each of them
        becomes a group of its own.
      learning_rate: for `make`.
      weights: the model's trainable `keras.Variable`s.
      decayed: those of them that have weight decay.
      num_replicas: over all workers.

    Raises:
      UsageError: the optimizer or a weight cannot be divided.
    """
    check_weights(weights)
    check_elementwise(make, name)
    wanted = {id(weight) for weight in decayed}
    shards = Shards(
        weights,
        [id(weight) in wanted for weight in weights],
        num_replicas=num_replicas,
        one_each=is_object_path(name),
    )
    paths = [_path(group, weights) for group in shards.groups]
    parts = [
        _variable(path, group.part_size, group.dtype)
        for path, group in zip(paths, shards.groups, strict=True)
    ]
    optimizer = make(learning_rate=learning_rate)
    optimizers.decay_only(
        optimizer, parts, [p for p, g in zip(parts, shards.groups, strict=True) if g.decayed]
    )
    optimizer.build(parts)
    stored = _stored(optimizer, parts, _unsharded(make, learning_rate, weights), shards)
    for part in parts:
        private_api.release_value(part)  # the weights themselves are what is updated
    return ShardedOptimizer(optimizer, shards, stored)


def _unsharded(make, learning_rate, weights):
    """(the optimizer, stand-ins of one element that it is built for), to see its variables."""
    optimizer = make(learning_rate=learning_rate)
    stand_ins = [_variable(weight.path, 1, weight.dtype) for weight in weights]
    optimizer.build(stand_ins)
    return optimizer, stand_ins


def _stored(optimizer, parts, unsharded, shards):
    """For each variable of the unsharded optimizer where its value lies in the sharded one."""
    mine = _slots(optimizer, parts)
    group_of = {i: g for g, group in enumerate(shards.groups) for i in group.positions}
    try:
        stored = []
        for weight, number in _slots(*unsharded):
            group = None if weight is None else group_of[weight]
            stored.append(Stored(mine.index((group, number)), weight))
    except ValueError:
        stored = []
    if {s.variable for s in stored} != set(range(len(mine))):
        raise UsageError(
            f"--shard_optimizer: {type(optimizer).__name__} makes other variables for parts of "
            "weights than for whole ones; drop --shard_optimizer"
        )
    return tuple(stored)


def _slots(optimizer, weights):
    """For each of its variables (position of the weight it is a slot of or None, a number)."""
    positions = {id(weight): i for i, weight in enumerate(weights)}
    counts, slots = {}, []
    for variable in optimizer.variables:
        weight = positions.get(optimizer.slot_of.get(id(variable)))
        counts[weight] = counts.get(weight, -1) + 1
        slots.append((weight, counts[weight]))
    return slots


def _path(group, weights):
    """A name that says nothing of one weight if the group has several."""
    if len(group.positions) == 1:
        return weights[group.positions[0]].path
    return f"weights_{group.positions[0]}"


def _variable(path, size, dtype):
    *scopes, name = path.split("/")
    with contextlib.ExitStack() as stack:
        for scope in scopes:
            stack.enter_context(keras.name_scope(scope))
        return keras.Variable(np.zeros(size, dtype), dtype=dtype, name=name)

"""Updates variables by TensorFlow's kernels, one variable at a time and some of its rows at a time.

An optimizer's rule is a chain of operations, and TensorFlow runs each of them over whole tensors:
several as large as the weight are alive at once, and each is written to memory and read again.
Two megabytes of rows at a time need next to no memory, and stay in a cache.
"""

import math
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfapp.runtime import private_optimizer
from tfapp.training import optimizers
from tfapp.training.groups import EMA, NON_TRAINABLE, OPTIMIZER, SCALE, TRAINABLE
from tfapp.training.sums import counted
from tfapp.training.update import averaged, check, clipped, is_bad, is_guarded, made, rescaled

# Of a weight; what is smaller is updated together with all others that are. Of 0.25 to 4 MB the
# fastest for a matrix of 197 MB with Adam, on two cores: 0.8 times the time of whole tensors.
PIECE_BYTES = 1 << 21
_TRIAL_ROWS = 6
_FEW = 4  # pieces, below which a weight is not worth a loop


class Part(NamedTuple):
    """A weight that is updated by itself."""

    weight: int  # its position
    slots: tuple[int, ...]  # positions of its slots among the optimizer's variables
    rows: int  # at a time; 0: all of them at once


class Plan(NamedTuple):
    """How an optimizer's weights are divided."""

    parts: tuple[Part, ...]
    together: tuple[Part, ...]  # small weights
    shared: tuple[int, ...]  # positions of the optimizer's variables that belong to no weight


def plan(optimizer):
    """A `Plan`, or None if the optimizer's rule looks at more than one weight at a time.

    Args:
      optimizer: from `optimizers.build_optimizer`, built.
    """
    weights, variables = optimizer.weights, optimizer.variables
    position = {id(weight): i for i, weight in enumerate(weights)}
    owner = [position.get(optimizer.slot_of.get(id(v))) for v in variables]
    shared = tuple(i for i, weight in enumerate(owner) if weight is None)
    if any(len(variables[i].shape) for i in shared):
        return None
    if not private_optimizer.updates_one_by_one(optimizer):
        return None
    found = [
        Part(i, tuple(s for s, of in enumerate(owner) if of == i), 0) for i in range(len(weights))
    ]
    small = [_bytes(weights[part.weight]) <= PIECE_BYTES for part in found]
    return Plan(
        tuple(_divided(optimizer, p, shared) for p, s in zip(found, small, strict=True) if not s),
        tuple(part for part, is_small in zip(found, small, strict=True) if is_small),
        shared,
    )


def _divided(optimizer, part, shared):
    """The part, with the number of rows at a time if it can be updated by rows."""
    weight = optimizer.weights[part.weight]
    rows = max(1, PIECE_BYTES * weight.shape[0] // _bytes(weight))
    if weight.shape[0] < _FEW * rows or not _treats_rows_alone(optimizer, part, shared):
        return part
    return part._replace(rows=rows)


def _bytes(weight):
    return math.prod(weight.shape) * tf.as_dtype(weight.dtype).size


def _treats_rows_alone(optimizer, part, shared):
    """Tries on few numbers whether an update of rows gives, bit for bit, what one of all gives."""
    weight = optimizer.weights[part.weight]
    variables = [weight, *(optimizer.variables[i] for i in part.slots)]
    if any(v.shape != weight.shape or v.dtype != "float32" for v in variables):
        return False
    random = np.random.default_rng(0)
    shape = (_TRIAL_ROWS, *(2 for _ in weight.shape[1:]))
    values = [abs(random.normal(size=shape).astype(np.float32)) for _ in variables]
    with tf.init_scope(), tf.device("CPU:0"):
        kept = [(optimizer.variables[i], optimizer.variables[i].value) for i in shared]

        def updated(rows, grads):
            pairs = [(v, value[rows]) for v, value in zip(variables, values, strict=True)]
            value = optimizers.apply_to(
                optimizer, [weight], [*pairs, *kept], [grads[rows]], tf.constant(0, tf.int64)
            )
            return [np.asarray(value(v)) for v in variables]

        for size in (1.0, 100.0):
            grads = tf.constant(size * random.normal(size=shape), tf.float32)
            whole = updated(slice(None), grads)
            rows = zip(updated(slice(0, 2), grads), updated(slice(2, None), grads), strict=True)
            pieces = [np.concatenate(both) for both in rows]
            if not all(map(np.array_equal, whole, pieces)):
                return False
    return True


def make_second(optimizer, options, divided):
    """Builds the second half of a step, which assigns variables.

    Args:
      optimizer, options: as of `make_update`.
      divided: a `Plan`.

    Returns:
      second(variables, reduced, step, discard) -> (sums, bad), once all is assigned: `variables`
      are a replica's own, group -> tuple of tf.Variable; all else is as of `make_halves`.
    """

    def second(variables, reduced, step, discard):
        scale = tuple(v.read_value() for v in variables[SCALE]) if SCALE in variables else None
        guarded = is_guarded(options, scale is not None)
        checked = check(scale, reduced.grads, reduced.loss, options)
        update = _Update(optimizer, options, divided, variables, reduced, checked, step)
        # A variable that something still reads would be copied.
        with tf.control_dependencies(tf.nest.flatten(reduced)):
            done = tf.cond(
                made(checked.finite, discard, guarded), update.assign_all, lambda: tf.constant(0)
            )
        with tf.control_dependencies([done]):
            if scale is not None:
                _assign(variables[SCALE], rescaled(scale, checked.finite, discard))
            bad = tf.identity(is_bad(checked.finite, scale, guarded))
        return counted(reduced.sums, checked.finite, guarded, options.num_replicas), bad

    return second


class _Update:
    """An update that is to be made, of one replica."""

    def __init__(self, optimizer, options, divided, variables, reduced, checked, step):
        self._optimizer, self._options, self._plan = optimizer, options, divided
        self._variables, self._reduced, self._checked = variables, reduced, checked
        self._step = step
        self._shared = ()  # pairs of a variable of the optimizer and its value before the update
        self._count = None  # of updates, with this one

    def assign_all(self):
        """Makes the update; an int scalar, ready when it is made."""
        assigned = self._reduced.assigned
        alone = [part for part in self._plan.parts if part.weight not in assigned]
        together = [part for part in self._plan.parts if part.weight in assigned]
        together += self._plan.together
        slots = self._variables[OPTIMIZER]
        self._shared = [
            (self._optimizer.variables[i], slots[i].read_value()) for i in self._plan.shared
        ]
        shared = self._new_shared((alone + together)[0])
        done = _assign(self._variables[NON_TRAINABLE], self._reduced.non_trainable)
        if together:
            done += self._update(together, after=())
        for part in alone:
            update = self._update_by_rows if part.rows else self._update
            done = update([part], after=done)
        with tf.control_dependencies(done):
            done = _assign([slots[i] for i in self._plan.shared], shared)
        with tf.control_dependencies(done):
            return tf.constant(1)

    def _new_shared(self, part):
        """The new values of what belongs to no weight, from an update of one row of zeros."""
        row = [tf.zeros([1, *v.shape[1:]][: v.shape.rank], v.dtype) for v in self._tensors(part)]
        pairs = list(zip(self._keys(part), row, strict=False))
        value = self._applied([part], pairs, [row[0]])
        new = [value(variable) for variable, _ in self._shared]
        state = [None] * len(self._optimizer.variables)
        for i, after in zip(self._plan.shared, new, strict=True):
            state[i] = after
        self._count = optimizers.update_count(self._optimizer, state)
        return new

    def _update(self, parts, after):
        """Updates weights as wholes, after other operations; the operations that assign them."""
        old, grads = [], []
        # Only what an update begins with waits: Grappler leaves alone what waits for anything.
        with tf.control_dependencies(after):
            for part in parts:
                weight, *slots = (v.read_value() for v in self._tensors(part))
                old.append((self._reduced.assigned.get(part.weight, weight), *slots))
                grads.append(tf.identity(self._checked.grads[part.weight]))
        new = self._updated(parts, old, grads)
        return [
            operation
            for part, values in zip(parts, new, strict=True)
            for operation in _assign(self._tensors(part), values)
        ]

    def _update_by_rows(self, parts, after):
        """Updates a weight, some rows after the other; the operations after which it is done."""
        (part,) = parts
        variables, grad = self._tensors(part), self._checked.grads[part.weight]
        count = grad.shape[0]

        def body(begin):
            end = tf.minimum(begin + part.rows, count)
            rows = tf.range(begin, end)
            old = [
                tf.raw_ops.ResourceGather(resource=v.handle, indices=rows, dtype=v.dtype)
                for v in variables
            ]
            (new,) = self._updated([part], [old], [grad[begin:end]])
            written = [
                tf.raw_ops.ResourceScatterUpdate(resource=v.handle, indices=rows, updates=value)
                for v, value in zip(variables, new, strict=True)
            ]
            with tf.control_dependencies(written):
                return (tf.identity(end),)

        with tf.control_dependencies(after):
            start = (tf.identity(0),)
        (end,) = tf.while_loop(lambda i: i < count, body, start, parallel_iterations=1)
        with tf.control_dependencies([end]):
            # Whoever reads such a variable next would get a copy.
            return [tf.raw_ops.DisableCopyOnRead(resource=v.handle) for v in variables]

    def _updated(self, parts, old, grads):
        """New values of the parts' `_tensors`, for old ones, or for the same rows of each."""
        pairs, averages = [], []
        for part, values in zip(parts, old, strict=True):
            keys = self._keys(part)
            pairs += zip(keys, values, strict=False)
            averages.append(tuple(values[len(keys) :]))
        value = self._applied(parts, pairs, clipped(grads, self._checked.factor))
        new = [[value(key) for key in self._keys(part)] for part in parts]
        if self._options.ema:
            for values, average in zip(new, averages, strict=True):
                values += averaged(average, values[:1], self._count, self._options.ema)
        return new

    def _applied(self, parts, pairs, grads):
        weights = [self._optimizer.weights[part.weight] for part in parts]
        return optimizers.apply_to(
            self._optimizer, weights, [*pairs, *self._shared], grads, self._step
        )

    def _keys(self, part):
        """The Keras variables of a weight and its slots."""
        slots = (self._optimizer.variables[i] for i in part.slots)
        return [self._optimizer.weights[part.weight], *slots]

    def _tensors(self, part):
        """This replica's variables of a weight, its slots and, with --ema, its average."""
        slots = (self._variables[OPTIMIZER][i] for i in part.slots)
        average = self._variables[EMA][part.weight : part.weight + 1] if self._options.ema else ()
        return [self._variables[TRAINABLE][part.weight], *slots, *average]


def _assign(variables, values):
    """The operations that assign values, a list."""
    return [
        variable.assign(value, read_value=False)
        for variable, value in zip(variables, values, strict=True)
    ]

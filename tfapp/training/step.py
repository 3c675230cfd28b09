"""One training step as pure functions: forward, loss, gradients; reduce; update.

Law: N replicas compute what one computes. Each replica's loss is its sum over examples divided by
the global batch size, once; gradients are summed across replicas; everything that reads gradients
(the loss scale's finite check, clipping) comes after that sum, in `training/update.py`.
"""

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from tfapp.models.ensemble import members_of
from tfapp.models.outputs import READS_LOGITS
from tfapp.runtime import private_random
from tfapp.tasks.task import TaskBatch
from tfapp.training import groups
from tfapp.training.forward import ModelCall, replaced
from tfapp.training.groups import NON_TRAINABLE, SCALE, TEACHER, TRAINABLE
from tfapp.training.members import training_objective
from tfapp.training.shards import in_shards
from tfapp.training.side_by_side import in_parts
from tfapp.training.sums import add_sums, counted, example_weights, keep_if, metric_sums, zero_sums
from tfapp.training.update import is_guarded, made, make_update

# Times the replica's number, added to each dropout seed, so that replicas draw different masks;
# 2**32 / golden ratio.
_SEED_STRIDE = 0x9E3779B9


@dataclasses.dataclass(frozen=True)
class StepOptions:
    """What a step does in addition to forward, backward and the optimizer's rule."""

    batch_size: int  # examples of the global batch, over all replicas
    num_replicas: int = 1  # over all workers
    accumulate: int = 1  # micro-batches a step
    parts: int = 1  # of a micro-batch, computed side by side on the cores of a CPU
    clip_norm: float = 0.0  # global norm of the reduced gradient; 0: no clipping
    ema: float = 0.0  # decay of the weights' moving average; 0: none
    remat: bool = False  # compute activations of blocks again in the backward pass
    keras_draws: bool = False  # layers draw by Keras's generator, as runs of 0.1.0 began
    skip_nonfinite: bool = False  # skip updates whose loss or gradient is not finite
    deterministic: bool = False  # TensorFlow's operations must be deterministic
    allreduce_precision: str = "float32"  # of the gradients on their way between replicas

    @property
    def passes(self):
        """Forward and backward passes of a step, over all replicas."""
        return self.num_replicas * self.accumulate * self.parts


class StepFunctions(NamedTuple):
    """What a placement compiles and a loop composes."""

    gradients: Callable  # (values of `groups.for_gradients`, batch, replica) -> Gradients
    update: Callable  # see `make_update`
    hooks: bool = False  # whether the update runs `AfterUpdate` hooks, which may read any group


class Gradients(NamedTuple):
    """What one replica's forward and backward give."""

    grads: tuple  # one dense gradient a weight, of the scaled loss
    assigned: dict  # position -> value of the weights that layers assigned in their call
    non_trainable: tuple
    sums: dict  # see `metric_sums`


def make_step_functions(
    *,
    model,
    task,
    preprocess,
    optimizer,
    label,
    options,
    augment=None,
    after_update=(),
    read_outputs=READS_LOGITS,
    teacher=None,
    as_used=None,
):
    """Builds the two halves of a step.

    Args:
      model: a built `keras.Model`.
      task: see `tfapp.tasks`.
      preprocess: encoded batch -> model inputs.
      optimizer, options: from `optimizers.build_optimizer`, built, and `StepOptions`.
      label: name of the label in a batch.
      augment: encoded batch with EXAMPLE_SEED -> the changed batch; None: it stays as it is.
      after_update: `AfterUpdate` hooks, called in order after the optimizer.
      read_outputs: the model's `OutputReader`.
      teacher, as_used: a `Teacher` or None, and as of `TrainState`.

    Returns:
      `StepFunctions`.
    """
    seeds, members = private_random.seed_positions(model), members_of(model)

    def one_batch(values, batch):
        trainable, non_trainable = values[TRAINABLE], values[NON_TRAINABLE]
        if augment is not None:
            batch = augment(batch)
        inputs = preprocess(batch)
        taught = None if teacher is None else teacher.outputs(values[TEACHER], batch)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(trainable)
            call = ModelCall(
                model,
                trainable if as_used is None else as_used(trainable),
                non_trainable,
                training=True,
                read_outputs=read_outputs,
                remat=options.remat,
                keras_draws=options.keras_draws,
            )
            objective = training_objective(
                task, call, TaskBatch(inputs, batch[label], training=True), members
            )
            if taught is not None:
                learnt = teacher.losses(objective.losses, call.outputs, taught)
                objective = objective._replace(losses=learnt)
            losses = objective.losses * example_weights(objective, batch)
            loss = _total_loss(losses, call.penalties, options)
            if SCALE in values:
                loss *= values[SCALE][0]
        grads = tape.gradient(loss, trainable, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        grads = tuple(tf.convert_to_tensor(g) for g in grads)  # embeddings: sparse to dense
        sums = metric_sums(task.training_metrics, objective, losses, batch)
        return Gradients(grads, call.assigned, call.non_trainable, sums)

    def of_part(values, i):
        return _with_seeds(values, seeds, options.num_replicas * i)

    micro_batch = in_parts(one_batch, options.parts, of_part)

    def gradients(values, batch, replica):
        values = _with_seeds(values, seeds, replica)
        if options.accumulate == 1:
            result = micro_batch(values, batch)
        else:
            result = _accumulated(micro_batch, values, batch, options, task)
        return result._replace(non_trainable=_shift_seeds(result.non_trainable, seeds, -replica))

    return StepFunctions(
        gradients, make_update(optimizer, options, after_update), hooks=bool(after_update)
    )


def _total_loss(losses, penalties, options):
    """What a pass adds to the loss of the global batch.

    Regularisation depends on the weights alone: each pass computes all of it.
    """
    loss = tf.reduce_sum(losses) / options.batch_size
    for penalty in penalties:
        loss += tf.cast(penalty, loss.dtype) / options.passes
    return loss


def _accumulated(one_batch, values, batch, options, task):
    """Sums of gradients and metrics over micro-batches, one after the other."""
    pieces = {
        name: tf.reshape(value, (options.accumulate, -1, *value.shape[1:]))
        for name, value in batch.items()
    }

    def one_piece(i, total):
        piece = {name: value[i] for name, value in pieces.items()}
        trainable = replaced(values[TRAINABLE], total.assigned)
        current = {**values, TRAINABLE: trainable, NON_TRAINABLE: total.non_trainable}
        part = one_batch(current, piece)
        grads = tuple(a + b for a, b in zip(total.grads, part.grads, strict=True))
        sums = add_sums(total.sums, part.sums)
        return Gradients(grads, part.assigned, part.non_trainable, sums)

    def loop(assigned):
        """(totals, whether the loop carried all that is assigned in it)."""
        carried = []

        def body(i, total):
            new = one_piece(i, total)
            carried[:] = sorted(new.assigned)
            return i + 1, new._replace(assigned={k: new.assigned[k] for k in assigned})

        zero = Gradients(
            tuple(tf.zeros_like(value) for value in values[TRAINABLE]),
            assigned,
            values[NON_TRAINABLE],
            zero_sums(task.training_metrics),
        )
        start = (tf.constant(0), zero)
        return tf.while_loop(lambda i, _: i < options.accumulate, body, start)[1], carried

    # A loop's variables are fixed before its body is traced, and only that shows what layers
    # assign: rarely anything, so that carrying all weights would be a waste.
    total, assigned = loop({})
    if not assigned:
        return total
    return loop({i: values[TRAINABLE][i] for i in assigned})[0]


class Reduced(NamedTuple):
    """What all replicas agree on before the update."""

    grads: tuple  # of the global batch
    assigned: dict  # position -> value of the weights that layers assigned in their call
    non_trainable: tuple
    sums: dict  # this replica's own, see `metric_sums`
    loss: tf.Tensor  # the sum over the global batch


def make_train_step(functions, reduce, options, shards=None):
    """Composes a step: (values, batch, replica, step) -> (values, sums, bad).

    `values` are all groups of a `TrainState`; a group that the step leaves alone comes back as the
    same object. `step` is an int64 scalar. `reduce` maps (grads, state, loss) of a replica to what
    all replicas agree on; `state` is a tuple of the values that the forward pass left. `bad` is a
    bool scalar: the step met something that is not finite and that was not skipped. `shards`: each
    replica updates its own part of the weights; see `tfapp.training.shards`.

    Raises:
      ValueError: hooks and shards, as hooks read whole slots.
    """
    if shards is not None and functions.hooks:
        raise ValueError("after_update: hooks read whole slots; drop the hooks or the shards")
    first, second = make_halves(functions, reduce, options, shards)

    def train_step(values, batch, replica, step):
        return second(values, first(values, batch, replica), step, replica)

    return train_step


def make_halves(functions, reduce, options, shards=None):
    """A step's halves, for updates in place: a loop has other work to do between them.

    Returns:
      first, (values of `groups.for_gradients`, batch, replica) -> `Reduced`; and
      second, (values, `Reduced`, step, replica, discard=None) -> (values, sums, bad) as of
      `make_train_step`; for `discard`, without shards, see `make_update`.
    """
    update = in_shards(functions.update, shards, options)

    def first(values, batch, replica):
        grads, assigned, non_trainable, sums = functions.gradients(
            groups.for_gradients(values), batch, replica
        )
        left = (*assigned.values(), *non_trainable)
        grads, left, loss = reduce(grads, left, sums["loss"])
        assigned = dict(zip(assigned, left, strict=False))
        return Reduced(grads, assigned, left[len(assigned) :], sums, loss)

    def second(values, reduced, step, replica, discard=None):
        assigned, sums = reduced.assigned, reduced.sums
        new = {
            **values,
            TRAINABLE: replaced(values[TRAINABLE], assigned),
            NON_TRAINABLE: reduced.non_trainable,
        }
        more = {} if discard is None else {"discard": discard}
        own = groups.for_update(new, hooks=functions.hooks)
        updated = update(own, reduced.grads, reduced.loss, step, replica, **more)
        new.update(updated.values)
        finite = updated.finite
        guarded = is_guarded(options, SCALE in values)
        if guarded or discard is not None:
            kept = finite if discard is None else made(finite, discard, guarded)
            for name in (TRAINABLE, NON_TRAINABLE) if assigned else (NON_TRAINABLE,):
                new[name] = keep_if(kept, new[name], values[name])
        return new, counted(sums, finite, guarded, options.num_replicas), updated.bad

    return first, second


def reduce_nothing(grads, state, loss):
    """The reduction of a single replica."""
    return grads, state, loss


def _with_seeds(values, seeds, replica):
    """The values of a step, with the dropout seeds of a replica."""
    return {**values, NON_TRAINABLE: _shift_seeds(values[NON_TRAINABLE], seeds, replica)}


def _shift_seeds(non_trainable, seeds, replica):
    """Moves each dropout seed by a multiple of `replica`; 0 leaves it, -replica undoes it."""
    values = list(non_trainable)
    for i in seeds:
        stride = tf.constant([_SEED_STRIDE - 2**32, 0], tf.int64) * tf.cast(replica, tf.int64)
        moved = tf.cast(values[i], tf.int64) + stride
        values[i] = tf.cast(moved & tf.constant(0xFFFFFFFF, tf.int64), values[i].dtype)
    return tuple(values)

"""One training step as pure functions: forward, loss, gradients; reduce; update.

Law: N replicas compute what one computes. Each replica's loss is its sum over examples divided by
the global batch size, once; gradients are summed across replicas; whatever looks at gradients
(clipping, finite checks) comes after that sum.
"""

from typing import NamedTuple

import tensorflow as tf

from tfapp.spec import SAMPLE_WEIGHT
from tfapp.training import optimizers
from tfapp.training.forward import forward
from tfapp.training.state import DeviceValues

# Added to a dropout seed once a replica, so that replicas draw different masks; 2**32 / golden
# ratio.
_SEED_STRIDE = 0x9E3779B9


class StepFunctions(NamedTuple):
    """What a placement compiles and a loop composes."""

    gradients: object  # (trainable, non_trainable, batch, replica) -> (grads, non_trainable, sums)
    update: object  # (trainable, optimizer, grads) -> (trainable, optimizer)


def make_step_functions(*, model, task, preprocess, optimizer, label, batch_size, num_replicas):
    """Builds the two halves of a step.

    Args:
      model: a built `keras.Model` giving logits or values.
      task: see `tfapp.tasks`.
      preprocess: raw batch -> model inputs.
      optimizer: from `optimizers.build_optimizer`, built.
      label: name of the label in a batch.
      batch_size: examples of the global batch, over all replicas.
      num_replicas: over all workers.

    Returns:
      `StepFunctions`. `sums` are float64 sums over the replica's examples: "loss", "count", and the
      task's metrics.
    """
    seeds = [
        i
        for i, variable in enumerate(model.non_trainable_variables)
        if variable.path.endswith("seed_generator_state")
    ]

    def gradients(trainable, non_trainable, batch, replica):
        inputs = preprocess(batch)
        non_trainable = _shift_seeds(non_trainable, seeds, replica)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(trainable)
            outputs, non_trainable, penalties = forward(
                model, trainable, non_trainable, inputs, training=True
            )
            losses = task.losses(outputs, batch[label])
            weights = batch.get(SAMPLE_WEIGHT, tf.ones_like(losses))
            loss = tf.reduce_sum(losses * weights) / batch_size
            # Regularisation depends on the weights alone, so every replica has all of it.
            for penalty in penalties:
                loss += tf.cast(penalty, loss.dtype) / num_replicas
        grads = tape.gradient(loss, trainable, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        grads = tuple(tf.convert_to_tensor(g) for g in grads)  # embeddings: sparse to dense
        sums = metric_sums(task, outputs, batch[label], losses, weights)
        return grads, _shift_seeds(non_trainable, seeds, -replica), sums

    def update(trainable, optimizer_state, grads):
        return optimizers.apply(optimizer, trainable, optimizer_state, grads)

    return StepFunctions(gradients, update)


def make_train_step(functions, reduce):
    """Composes a step: (values, batch, replica) -> (values, sums).

    `reduce` maps (grads, non_trainable) of a replica to what all replicas agree on.
    """

    def train_step(values, batch, replica):
        grads, non_trainable, sums = functions.gradients(
            values.trainable, values.non_trainable, batch, replica
        )
        grads, non_trainable = reduce(grads, non_trainable)
        trainable, optimizer = functions.update(values.trainable, values.optimizer, grads)
        return DeviceValues(trainable, non_trainable, optimizer), sums

    return train_step


def reduce_nothing(grads, non_trainable):
    """The reduction of a single replica."""
    return grads, non_trainable


def reduce_across_replicas(grads, non_trainable):
    """Sums gradients and averages the model's running statistics; called inside strategy.run."""
    context = tf.distribute.get_replica_context()
    floating = [i for i, v in enumerate(non_trainable) if v.dtype.is_floating]
    grads = context.all_reduce(tf.distribute.ReduceOp.SUM, list(grads))
    if floating:
        means = context.all_reduce(
            tf.distribute.ReduceOp.MEAN, [non_trainable[i] for i in floating]
        )
        non_trainable = list(non_trainable)
        for i, mean in zip(floating, means, strict=True):
            non_trainable[i] = mean
    return tuple(grads), tuple(non_trainable)


def metric_sums(task, outputs, labels, losses, weights):
    """Sums over examples, float64 scalars: "loss", "count", and one a metric of the task."""
    per_example = {"loss": losses, **task.metrics(outputs, labels)}
    sums = {name: _weighted_sum(value, weights) for name, value in per_example.items()}
    return {**sums, "count": _weighted_sum(weights, tf.ones_like(weights))}


def zero_sums(metric_names):
    """What `metric_sums` returns, before the first example."""
    return {name: tf.zeros([], tf.float64) for name in ("loss", *metric_names, "count")}


def _weighted_sum(values, weights):
    # where, not a product: a padded row may hold NaN, and NaN * 0 is NaN.
    kept = tf.where(weights > 0, values * weights, tf.zeros_like(values))
    return tf.cast(tf.reduce_sum(kept), tf.float64)


def _shift_seeds(non_trainable, seeds, replica):
    """Moves each dropout seed by a multiple of `replica`; 0 leaves it, -replica undoes it."""
    values = list(non_trainable)
    for i in seeds:
        stride = tf.constant([_SEED_STRIDE - 2**32, 0], tf.int64) * tf.cast(replica, tf.int64)
        moved = tf.cast(values[i], tf.int64) + stride
        values[i] = tf.cast(moved & tf.constant(0xFFFFFFFF, tf.int64), values[i].dtype)
    return tuple(values)

"""Sums over a step's examples: of losses, of metrics' states, and of steps that were skipped."""

import tensorflow as tf

from tfapp.metrics.metric import weighted
from tfapp.spec import SAMPLE_WEIGHT

SKIPPED = "skipped"  # among the sums: updates skipped because something was not finite


def example_weights(objective, batch):
    """float32 [batch]: the batch's own weights times the task's; 1 where not given."""
    return batch.get(SAMPLE_WEIGHT, tf.ones_like(objective.losses)) * objective.weights


def metric_sums(metrics, objective, losses, batch):
    """Sums over the examples of a batch.

    Metrics count each example once, whatever its weight in the loss, and padded rows not at all.

    Args:
      metrics: `Metric`s.
      objective: the task's `Objective`.
      losses: float32 [batch], weighted already if they are to be.
      batch: with SAMPLE_WEIGHT where rows may pad.

    Returns:
      a dict of float64 tensors: the scalars "loss" and "count", and each metric's state.
    """
    present = tf.cast(batch[SAMPLE_WEIGHT] > 0, tf.float32) if SAMPLE_WEIGHT in batch else None
    present = tf.ones_like(losses) if present is None else present
    sums = {
        "loss": tf.cast(tf.reduce_sum(weighted(losses, present)), tf.float64),
        "count": tf.cast(tf.reduce_sum(present), tf.float64),
    }
    for metric in metrics:
        sums[metric.name] = metric.update(objective.outputs, objective.labels, present)
    return sums


def zero_sums(metrics):
    """What `metric_sums` returns, before the first example."""
    zero = tf.zeros([], tf.float64)
    return {"loss": zero, "count": zero, **{metric.name: metric.zero() for metric in metrics}}


def add_sums(total, part):
    """The sums of two sets of examples."""
    return {name: value + part[name] for name, value in total.items()}


def to_host(sums):
    """Sums as float, states of metrics as np.ndarray."""
    return {
        name: value.numpy() if value.shape.rank else float(value) for name, value in sums.items()
    }


def counted(sums, finite, guarded, num_replicas):
    """The sums of a replica's step, those of a skipped one zero, and SKIPPED.

    Args:
      sums: see `metric_sums`.
      finite: bool scalar.
      guarded: whether a step that is not finite is skipped.
      num_replicas: over all workers.
    """
    skipped = tf.zeros([], tf.float64)
    if guarded:
        sums = keep_if(finite, sums, {k: tf.zeros_like(v) for k, v in sums.items()})
        skipped = tf.where(finite, skipped, 1.0 / num_replicas)
    return {**sums, SKIPPED: skipped}


def keep_if(condition, new, old):
    """`new` where the bool scalar `condition` holds, else `old`, for nested tensors."""
    return tf.nest.map_structure(lambda a, b: tf.where(condition, a, b), new, old)

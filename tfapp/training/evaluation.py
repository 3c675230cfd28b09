"""Evaluation: every example counts exactly once, for any batch size and number of replicas.

The last batch is filled up with repeated rows whose sample weight is 0.
"""

import dataclasses
import functools

import tensorflow as tf

from tfapp.metrics.metric import Metric
from tfapp.metrics.results import details, intervals, results
from tfapp.models.ensemble import members_of
from tfapp.tasks.task import TaskBatch
from tfapp.training.forward import ModelCall
from tfapp.training.members import combined
from tfapp.training.side_by_side import split, total
from tfapp.training.sums import add_sums, metric_sums, to_host, zero_sums


@dataclasses.dataclass(frozen=True)
class EvaluationResult:
    """What an evaluation finds."""

    metrics: dict[str, float]  # "loss", results of metrics, and what the task derives from them
    sums: dict  # over the split's examples: floats, and the metrics' states as np.ndarray
    measured: tuple[Metric, ...]  # whose states these are

    @functools.cached_property
    def details(self):
        """What no single number holds (a confusion matrix): a dict, to be written as JSON."""
        return details(self.measured, self.sums)

    @functools.cached_property
    def intervals(self):
        """95% confidence intervals of the metrics that have one: name -> (low, high)."""
        return intervals(self.measured, self.sums)


def make_evaluation(
    *, state, inputs, model, task, preprocess, label, strategy, jit, metrics=None, parts=1
):
    """Builds the compiled evaluation of one split.

    It is traced by its first call. The weights are read from their variables at each call, so the
    same evaluation serves after steps and after a restore.

    Args:
      state: a `TrainState`, read on each call.
      inputs: see `tfapp.data.pipeline.evaluation.evaluation_input`.
      model: a built `keras.Model`.
      task: a `Task`.
      preprocess: encoded batch -> model inputs.
      label: name of the label in a batch.
      strategy: the tf.distribute.Strategy.
      jit: whether one replica's whole pass is one XLA program.
      metrics: `Metric`s; None: the task's `evaluation_metrics`.
      parts: of a batch, computed side by side; see `tfapp.training.side_by_side`.

    Returns:
      run() -> `EvaluationResult`.
    """
    one_replica = strategy.num_replicas_in_sync == 1
    metrics = task.evaluation_metrics if metrics is None else metrics
    members = members_of(model)

    def replica_sums(pulled, replica, weights=None):
        batch = inputs.batch(pulled, replica)
        weights = weights or state.read_for_answers(replica)
        size = batch[label].shape[0]
        pieces = [batch] if size is None or size % parts else split(batch, parts)
        return total(batch_sums(piece, weights) for piece in pieces)

    def batch_sums(batch, weights):
        call = ModelCall(model, *weights, training=False, read_outputs=state.read_outputs)
        batch_of_task = TaskBatch(preprocess(batch), batch[label], training=False)
        objective = task.objective(combined(task, call, members), batch_of_task)
        return metric_sums(metrics, objective, objective.losses, batch)

    if inputs.waits and jit and one_replica:  # what reads from the host cannot be compiled
        replica_sums = tf.function(replica_sums, jit_compile=True, autograph=False)

    def replica():
        context = tf.distribute.get_replica_context()
        return tf.get_static_value(context.replica_id_in_sync_group)

    def read_on_replica():
        return state.read_for_answers(replica())

    def on_replica(pulled, weights):
        return replica_sums(pulled, replica(), weights)

    def one_step(pulled, weights):
        if one_replica:
            return replica_sums(pulled, 0)
        sums = strategy.run(on_replica, args=(pulled, weights))
        return {k: strategy.reduce(tf.distribute.ReduceOp.SUM, v, None) for k, v in sums.items()}

    def all_steps(tensors):
        # Read once: EMA weights in shares are gathered for it.
        weights = None if one_replica else strategy.run(read_on_replica)

        def body(step, sums):
            return step + 1, add_sums(sums, one_step(inputs.pull(tensors, step), weights))

        start = (tf.constant(0, tf.int64), zero_sums(metrics))
        return tf.while_loop(lambda step, _: step < inputs.num_steps, body, start)[1]

    jit_all = jit and one_replica and not inputs.waits
    compiled = tf.function(all_steps, jit_compile=True if jit_all else None, autograph=False)

    def run():
        sums = to_host(compiled(inputs.start()))
        found = results(metrics, sums)
        return EvaluationResult({**found, **task.derived(found)}, sums, metrics)

    return run

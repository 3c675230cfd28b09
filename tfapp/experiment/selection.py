"""Which step's weights count: the best on validation, or the last.

With few validation examples the step that looks best is the luckiest one: of seven tables of 300 to
4,000 rows, the last weights of a finished schedule had lower log losses and errors on unseen rows
(docs/recipes.md). So the last count unless the best are better by more than one standard error of
the difference, example by example (Breiman et al., "Classification and Regression Trees", 1984,
sec. 3.4.3, choose the simpler of two models in this way).
"""

import math

import numpy as np
import tensorflow as tf

from tfapp.data.splits.split_names import VALIDATION
from tfapp.experiment.kept import weights_asked_for
from tfapp.models.ensemble import members_of
from tfapp.spec import SAMPLE_WEIGHT
from tfapp.tasks.task import TaskBatch
from tfapp.training.forward import ModelCall
from tfapp.training.members import combined

_MANY = 20_000  # validation examples, with which the best step is no luck


def choose_weights(experiment, checkpoints, monitor):
    """Leaves the weights that count in the experiment's state.

    Args:
      experiment: an `Experiment`, whose state holds the last weights.
      checkpoints: the run's `Checkpoints`, the best and the last among them.
      monitor: the metric that decides which step is best.

    Returns:
      (their step, what the log should say of it).
    """
    host, choice = experiment.state.host, weights_asked_for(experiment.config)
    if choice == "last" or host.best_step in (None, host.step):
        return host.step, ""
    if choice == "best" or monitor != "loss" or _is_many(experiment):
        restore_weights(checkpoints, experiment.state, host.best_step)
        return host.best_step, f"those of step {host.best_step}, the best on validation"
    losses = _losses(experiment)
    last = losses()
    restore_weights(checkpoints, experiment.state, host.best_step)
    gain = last - losses()
    error = gain.std(ddof=1) / math.sqrt(len(gain)) if len(gain) > 1 else math.inf
    # The chief's rounding decides, should workers of different make differ in it.
    if experiment.cluster.agree(bool(gain.mean() > error)):
        return host.best_step, f"those of step {host.best_step}, the best on validation"
    restore_weights(checkpoints, experiment.state, host.step)
    return host.step, (
        f"those of the last step: on {len(gain):,} validation examples, step {host.best_step} is "
        "not better by more than a standard error (--export_weights=best takes it)"
    )


def restore_weights(checkpoints, state, step):
    """Restores the checkpoint of `step`, with the host's numbers as they are."""
    host = state.host
    checkpoints.restore(step)
    state.host = host


def _is_many(experiment):
    return experiment.data.source.splits[VALIDATION].num_examples > _MANY


def _losses(experiment):
    """() -> float64 [n]: the loss of each validation example with the state's weights."""
    state, data = experiment.state, experiment.data
    split, label = data.source.splits[VALIDATION], data.spec.label.name
    size, members = experiment.batches.eval_batch_size, members_of(experiment.model)

    @tf.function(autograph=False, reduce_retracing=True)
    def of_batch(batch):
        call = ModelCall(
            experiment.model,
            *state.read_for_answers(0),
            training=False,
            read_outputs=state.read_outputs,
        )
        inputs = TaskBatch(data.preprocess(batch), batch[label], training=False)
        return experiment.task.objective(combined(experiment.task, call, members), inputs).losses

    def losses():
        parts = []
        for start in range(0, split.num_examples, size):
            rows = tf.range(start, min(start + size, split.num_examples), dtype=tf.int64)
            batch = split.fetch(rows)
            batch.pop(SAMPLE_WEIGHT, None)
            parts.append(of_batch(batch).numpy())
        return np.concatenate(parts).astype(np.float64)

    return losses

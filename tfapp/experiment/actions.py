"""What happens between the steps of a training run, and when."""

from tfapp.callbacks.metrics_log import MetricsLog
from tfapp.callbacks.progress import Progress
from tfapp.callbacks.validation import Validation
from tfapp.errors import DivergedError
from tfapp.flag_values import parse_duration
from tfapp.training import optimizers
from tfapp.training.action import Action
from tfapp.training.triggers import EveryLoop, EverySeconds, EverySteps


def list_actions(experiment, *, writers, signals, throughput, checkpoints, monitor, more=()):
    """Lists the actions in the order in which they are called; checkpoints last, to hold it all.

    Args:
      experiment: the `Experiment`.
      writers: `Writer`s of the metrics.
      signals, throughput: actions of these names.
      checkpoints: the run's `Checkpoints`.
      monitor: (metric, "max" or "min"): what decides which step is best.
      more: `Action`s of the user's own.
    """
    config, state, task = experiment.config, experiment.state, experiment.task
    batches = experiment.batches
    progress = Progress(
        steps_per_epoch=batches.steps_per_epoch,
        batch_size=batches.batch_size,
        metrics=task.training_metrics,
    )
    log = MetricsLog(
        state,
        writers,
        metrics=task.training_metrics,
        derive=task.derived,
        learning_rate=lambda step: optimizers.learning_rate(state.optimizer, step),
    )
    validation = Validation(
        state,
        lambda: experiment.evaluate("validation"),
        log,
        monitor=monitor[0],
        goal=monitor[1],
        patience=config.early_stopping,
        note=progress.note,
    )

    def steps(name):
        return batches.steps(parse_duration(getattr(config, name), name))

    def save(moment):
        if not state.is_finite():
            raise DivergedError(
                f"a weight became NaN or infinite by step {moment.step}; the last checkpoint is "
                "kept: lower --learning_rate, or look at the data"
            )
        checkpoints.save()

    every = parse_duration(config.checkpoint_every, "checkpoint_every")
    checkpoint_due = (
        EverySeconds(every.value) if every.unit == "seconds" else EverySteps(batches.steps(every))
    )
    evaluation_due = EverySteps(steps("evaluate_every"))
    return [
        Action(EveryLoop(), log.accumulate, at_stop=True),
        Action(EveryLoop(), throughput, at_stop=True),
        Action(EverySteps(steps("log_every")), log.write_train),
        Action(evaluation_due, validation),
        *more,
        # A signal comes after what is due at this step: a resume starts behind it.
        Action(EveryLoop(), signals),
        Action(EveryLoop(), progress, at_stop=True),
        Action(checkpoint_due, save, at_stop=True),
        Action(evaluation_due, lambda moment: validation.improved and save(moment)),
    ]

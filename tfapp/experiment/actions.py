"""What happens between the steps of a training run, and when."""

from tfapp.callbacks.metrics_log import MetricsLog
from tfapp.callbacks.progress import Progress
from tfapp.callbacks.signals import STOP_REASON
from tfapp.callbacks.validation import Validation
from tfapp.data.splits.split_names import VALIDATION
from tfapp.errors import DivergedError
from tfapp.experiment.time_budget import TimeBudget
from tfapp.flag_values import parse_duration
from tfapp.runtime import output
from tfapp.training import optimizers
from tfapp.training.action import Action
from tfapp.training.triggers import EveryLoop, EverySeconds, EverySteps


def list_actions(experiment, *, writers, signals, throughput, checkpoints, monitor, more=()):
    """Lists the actions in the order in which they are called; checkpoints last, to hold it all.

    Args:
      experiment: the `Experiment`.
      writers: `Writer`s of the metrics.
      signals: the run's `StopSignals`.
      throughput: the run's `Throughput`.
      checkpoints: the run's `Checkpoints`.
      monitor: (metric, "max" or "min"): what decides which step is best.
      more: `Action`s of the user's own.
    """
    config, batches = experiment.config, experiment.batches
    progress = Progress(
        steps_per_epoch=batches.steps_per_epoch,
        batch_size=batches.batch_size,
        metrics=experiment.task.training_metrics,
        stream=None if experiment.cluster.is_chief else output.Nowhere(),
    )
    log = _metrics_log(experiment, writers)
    validation = _validation(experiment, log, monitor, progress.note)
    log_due = EverySteps(batches.steps(parse_duration(config.log_every, "log_every")))
    evaluation_due = EverySteps(
        batches.steps(parse_duration(config.evaluate_every, "evaluate_every"))
    )
    save = signals.limit.timed(_saving(experiment.state, checkpoints))
    return [
        Action(EveryLoop(), log.accumulate, at_stop=True),
        Action(EveryLoop(), throughput, at_stop=True),
        Action(log_due, log.write_train),
        Action(evaluation_due, validation),
        *more,
        *_time_budget(experiment, evaluation_due),
        # A signal comes after what is due at this step: a resume starts behind it.
        Action(EveryLoop(), signals),
        Action(EveryLoop(), progress, at_stop=True),
        Action(_checkpoint_trigger(config, batches), save, at_stop=True),
        Action(evaluation_due, lambda moment: validation.improved and save(moment)),
    ]


def _metrics_log(experiment, writers):
    state, task = experiment.state, experiment.task
    return MetricsLog(
        state,
        writers,
        metrics=task.training_metrics,
        derive=task.derived,
        learning_rate=lambda step: optimizers.learning_rate(state.optimizer, step),
    )


def _validation(experiment, log, monitor, note):
    return Validation(
        experiment.state,
        lambda: experiment.evaluate(VALIDATION),
        log,
        monitor=monitor[0],
        goal=monitor[1],
        patience=experiment.config.early_stopping,
        note=note,
        counts_from=experiment.steps.compression.complete_at,
    )


def _time_budget(experiment, evaluation_due):
    """The action that ends training in time; none without --time_budget."""
    config = experiment.config
    if not config.time_budget:
        return []
    budget = TimeBudget(
        config.time_budget,
        source=experiment.data.source,
        batch_size=experiment.batches.batch_size,
        spent=experiment.state.host.train_seconds,
        evaluates=evaluation_due.due,
        cluster=experiment.cluster,
    )
    return [Action(EveryLoop(), budget)]


def _checkpoint_trigger(config, batches):
    every = parse_duration(config.checkpoint_every, "checkpoint_every")
    if every.unit == "seconds":
        return EverySeconds(every.value)
    return EverySteps(batches.steps(every))


def _saving(state, checkpoints):
    def save(moment):
        if not state.is_finite():
            raise DivergedError(
                f"a weight became NaN or infinite by step {moment.step}; the last checkpoint is "
                "kept: lower --learning_rate, or look at the data"
            )
        for_good = moment.stop and moment.stop != STOP_REASON
        ended = {"reason": moment.stop, "total_steps": moment.total_steps}
        state.host.ended = ended if for_good else {}
        checkpoints.save()

    return save

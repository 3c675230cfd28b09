"""One training run: resume, actions between steps, final evaluation, export, summary."""

import contextlib
import dataclasses
import json
import logging
import math
import time

import tensorflow as tf

from tfapp.callbacks.metrics_log import MetricsLog
from tfapp.callbacks.progress import Progress
from tfapp.callbacks.signals import STOP_REASON, StopSignals
from tfapp.callbacks.throughput import Throughput
from tfapp.callbacks.validation import Validation
from tfapp.callbacks.writers.jsonl import JsonlWriter
from tfapp.callbacks.writers.tensorboard import TensorBoardWriter
from tfapp.durations import parse_duration
from tfapp.errors import DivergedError, Stopped, UsageError
from tfapp.experiment.build import use_best_weights
from tfapp.export import savedmodel
from tfapp.run_folder import SUMMARY
from tfapp.training.checkpoints import Checkpoints
from tfapp.training.trainer import Action, train
from tfapp.training.triggers import EveryLoop, EverySeconds, EverySteps

_LOG = logging.getLogger("tfapp")
_MOST_RESTORES = 10  # batches that --nan_policy=restore leaves out before it gives up


@dataclasses.dataclass(frozen=True)
class Result:
    """What `tfapp.run` returns."""

    status: str  # "done"
    steps: int  # optimizer steps done
    metrics: dict  # split -> metric -> value
    model_dir: str
    export_dir: str | None  # the exported version; None if nothing was exported
    model: object  # the trained keras.Model
    summary: dict  # what summary.json holds


class TrainingRun:
    """Trains an `Experiment` in a `RunFolder`."""

    def __init__(self, experiment, folder):
        self._experiment = experiment
        self._config = experiment.config
        self._state = experiment.state
        self._folder = folder
        self._checkpoints = Checkpoints(
            folder.path / "checkpoints", self._state, keep=self._config.keep
        )
        self._monitor = _monitor(self._config, experiment.task)
        self._throughput = Throughput(self._config.batch_size, note=_LOG.info)
        self._started = time.monotonic()

    def run(self):
        """Trains from where the folder's checkpoints are to the end.

        Returns:
          a `Result`.

        Raises:
          Stopped: a signal came; everything is saved.
          DivergedError: the loss is not finite; the last checkpoint is kept.
          DataError, StorageError: no checkpoint can be read, or one cannot be written.
        """
        step = self._resume()
        kept = self._folder.read_json(SUMMARY)
        if kept and kept["status"] == "done" and step >= self._experiment.total_steps:
            _LOG.info("run: complete at step %d; nothing left to do", step)
            return self._result(kept)
        try:
            return self._finish(self._train_until_stopped(step))
        except DivergedError:
            self._write_summary("diverged", {})
            raise

    def _train_until_stopped(self, step):
        """Trains with the writers open. Returns the reason of an early end, or ""."""
        with contextlib.ExitStack() as stack:
            signals = stack.enter_context(StopSignals())
            writers = [
                JsonlWriter(self._folder.path / "metrics.jsonl", resume_step=step),
                TensorBoardWriter(self._folder.path / "tensorboard"),
            ]
            for writer in writers:
                stack.callback(writer.close)
            reason = self._train_through(writers, signals)
            if reason == STOP_REASON:
                self._write_summary("stopped", {})
                raise Stopped(
                    f"stopped by {signals.name} at step {self._state.host.step}, saved in "
                    f"{self._folder.path}; repeat the command to continue"
                )
        return reason

    def _resume(self):
        """Restores the latest checkpoint, if there is one. Returns the step to start from."""
        step = self._checkpoints.restore_latest()
        if step is None:
            if self._config.resume == "must":
                raise UsageError(f"--resume=must: {self._folder.path} holds no checkpoint")
            return 0
        _LOG.info("resume: from step %d of %s", step, self._folder.path)
        return step

    def _train_through(self, writers, signals):
        """Trains; where the loss is not finite, goes back if --nan_policy=restore."""
        restores = self._config.nan_policy == "restore"
        if restores:
            self._checkpoints.save()  # there must be a state to go back to
        while True:
            try:
                return self._train(writers, signals)
            except DivergedError as error:
                left_out = {*self._state.host.left_out, error.step}
                if not restores or error.step is None or len(left_out) > _MOST_RESTORES:
                    raise
                step = self._checkpoints.restore_latest()
                self._state.host.left_out = sorted(left_out)
                writers[0].rewind(step)
                _LOG.warning(
                    "the loss of step %d is NaN or infinite: back to step %d, without its batch",
                    error.step,
                    step,
                )

    def _train(self, writers, signals):
        experiment, state = self._experiment, self._state
        experiment.engine.restart(state.host.step)
        return train(
            run_loop=experiment.make_loop(),
            restart=experiment.engine.restart,
            state=state,
            total_steps=experiment.total_steps,
            actions=self._actions(writers, signals),
            steps_per_loop=_steps_per_loop(self._config),
        )

    def _actions(self, writers, signals):
        """What happens between steps, in this order; checkpoints last, so that they hold it all."""
        config, state = self._config, self._state
        progress = Progress(
            steps_per_epoch=self._experiment.steps_per_epoch,
            batch_size=config.batch_size,
            metrics=self._experiment.task.training_metrics,
        )
        log = MetricsLog(
            state,
            writers,
            metrics=self._experiment.task.training_metrics,
            learning_rate=lambda: float(tf.convert_to_tensor(state.optimizer.learning_rate)),
            derive=self._experiment.task.derived,
        )
        name, goal = self._monitor
        validation = Validation(
            state,
            self._experiment.make_evaluation("validation"),
            log,
            monitor=name,
            goal=goal,
            patience=config.early_stopping,
            note=progress.note,
        )
        evaluation_due = EverySteps(self._steps("evaluate_every"))
        return [
            Action(EveryLoop(), log.accumulate, at_stop=True),
            Action(EveryLoop(), self._throughput, at_stop=True),
            Action(EverySteps(self._steps("log_every")), log.write_train),
            Action(evaluation_due, validation),
            # A signal comes after what is due at this step: a resume starts behind it.
            Action(EveryLoop(), signals),
            Action(EveryLoop(), progress, at_stop=True),
            Action(self._checkpoint_trigger(), self._save, at_stop=True),
            Action(evaluation_due, lambda moment: validation.improved and self._save(moment)),
        ]

    def _steps(self, name):
        """A duration of the configuration in steps."""
        return self._experiment.length.steps(parse_duration(getattr(self._config, name), name))

    def _checkpoint_trigger(self):
        duration = parse_duration(self._config.checkpoint_every, "checkpoint_every")
        if duration.unit == "seconds":
            return EverySeconds(duration.value)
        return EverySteps(self._steps("checkpoint_every"))

    def _save(self, moment):
        if not self._state.is_finite():
            raise DivergedError(
                f"a weight became NaN or infinite by step {moment.step}; the last checkpoint is "
                "kept: lower --learning_rate, or look at the data"
            )
        self._checkpoints.save()

    def _finish(self, reason):
        """Final evaluation, export and summary."""
        if reason:
            _LOG.info("%s", reason)
        use_best_weights(self._config, self._checkpoints, self._state)
        found = {name: self._experiment.make_evaluation(name)() for name in ("validation", "test")}
        metrics = {
            "train": _last_train_record(self._folder.path / "metrics.jsonl"),
            **{name: evaluated.metrics for name, evaluated in found.items()},
        }
        if not math.isfinite(metrics["test"]["loss"]):
            raise DivergedError(
                f"the loss on test is {metrics['test']['loss']}: lower --learning_rate, or look "
                "at the data"
            )
        self._experiment.source.bad_examples.log()
        details = {name: evaluated.details for name, evaluated in found.items()}
        summary = self._write_summary(
            "done", metrics, details=details, export=self._export(), reason=reason
        )
        return self._result(summary)

    def _export(self):
        if "savedmodel" not in self._config.export:
            return None
        experiment = self._experiment
        path = savedmodel.export(
            self._folder.path / "export",
            model=experiment.model,
            weights=self._state.read_for_answers(),
            preprocess=experiment.preprocess,
            task=experiment.task,
            spec=experiment.spec,
            examples=experiment.examples,
        )
        _LOG.info("export: %s, read back and compared", path)
        return str(path)

    def _write_summary(self, status, metrics, details=None, export=None, reason=""):
        experiment, host = self._experiment, self._state.host
        name, _ = self._monitor
        summary = {
            "status": status,
            "steps": host.step,
            "total_steps": experiment.total_steps,
            "reason": reason,
            "metrics": metrics,
            "details": details or {},
            "best": {"step": host.best_step, "metric": name, "value": host.best_value},
            **self._throughput.summary(),
            "train_seconds": round(host.train_seconds, 3),
            "seconds": round(time.monotonic() - self._started, 3),
            "engine": experiment.engine_choice.name,
            "engine_reason": experiment.engine_choice.reason,
            "xla": experiment.choice.placement,
            "xla_reason": experiment.choice.placement_reason,
            "precision": experiment.choice.precision,
            "precision_reason": experiment.choice.precision_reason,
            "measurements": experiment.choice.measurements,
            "replicas": experiment.num_replicas,
            "bad_examples": experiment.source.bad_examples.count,
            "export": export,
        }
        self._folder.write_json(SUMMARY, summary)
        return summary

    def _result(self, summary):
        return Result(
            status=summary["status"],
            steps=summary["steps"],
            metrics=summary["metrics"],
            model_dir=str(self._folder.path),
            export_dir=summary["export"],
            model=self._experiment.model,
            summary=summary,
        )


def _monitor(config, task):
    """(metric, goal) that decides which step is best. Raises UsageError."""
    if config.monitor == "auto":
        return task.monitor
    goals = task.goals()
    if config.monitor not in goals:
        raise UsageError(f"--monitor={config.monitor}: unknown (one of {', '.join(goals)})")
    return config.monitor, goals[config.monitor]


def _steps_per_loop(config):
    return None if config.steps_per_loop == "auto" else int(config.steps_per_loop)


def _last_train_record(path):
    """Loss and metrics of the last training record, {} if there is none."""
    dropped = ("step", "split", "time", "learning_rate", "examples_per_second", "input_wait")
    records = [json.loads(line) for line in path.read_text().splitlines()]
    train_records = [r for r in records if r["split"] == "train"]
    last = train_records[-1] if train_records else {}
    return {name: value for name, value in last.items() if name not in dropped}

"""One training run: resume, train with actions between steps, evaluate, export, summarise."""

import contextlib
import logging
import time

from tfapp import export
from tfapp.callbacks import writers as writing
from tfapp.callbacks.signals import STOP_REASON, StopSignals
from tfapp.callbacks.throughput import Throughput
from tfapp.callbacks.time_limit import TimeLimit
from tfapp.errors import DivergedError, Stopped, UsageError
from tfapp.experiment.actions import list_actions
from tfapp.experiment.early_end import early_end
from tfapp.experiment.finish import finish
from tfapp.experiment.kept import exported_step
from tfapp.experiment.kept import summary as summary_of
from tfapp.experiment.monitor import find_monitor
from tfapp.experiment.selection import restore_weights
from tfapp.experiment.servables import make_servable
from tfapp.experiment.shared_checkpoints import open_checkpoints
from tfapp.experiment.summary import Summary
from tfapp.export.publish import try_export
from tfapp.runtime import storage
from tfapp.training.trainer import train

_LOG = logging.getLogger("tfapp")
_MOST_RESTORES = 10  # batches that --nan_policy=restore leaves out before it gives up


class TrainingRun:
    """Trains an `Experiment` in a `RunFolder`."""

    def __init__(self, experiment, folder, actions=()):
        """
        Args:
          experiment: a complete `Experiment`.
          folder: the `RunFolder`.
          actions: `Action`s of the user's own, called between steps.

        Raises:
          UsageError: --monitor names no metric, or the model cannot be exported.
        """
        self._experiment = experiment
        self._config = experiment.config
        self._state = experiment.state
        self._folder = folder
        self._user_actions = tuple(actions)
        self._checkpoints = open_checkpoints(experiment, folder)
        self._throughput = Throughput(experiment.batches.batch_size, note=_LOG.info)
        self._monitor = find_monitor(self._config.monitor, experiment.task)
        self._summary = Summary(
            experiment,
            folder,
            self._throughput,
            monitor=self._monitor[0],
            started=time.monotonic(),
        )
        self._servable = self._try_export()

    def run(self):
        """Trains from where the folder's checkpoints are to the end.

        Returns:
          a `Result`.

        Raises:
          Stopped: a signal came, or --max_time is nearly over; everything is saved.
          DivergedError: the loss is not finite; the last checkpoint is kept.
          DataError, StorageError: no checkpoint can be read, or one cannot be written.
        """
        step = self._resume()
        kept = summary_of(self._folder)
        total_steps = self._experiment.batches.total_steps
        ended = early_end(
            self._state.host,
            kept,
            total_steps=total_steps,
            early_stopping=self._config.early_stopping,
        )
        if kept and kept["status"] == "done" and (step >= total_steps or ended):
            _LOG.info("run: complete at step %d; nothing left to do%s", step, _because(ended))
            host = self._state.host
            counts = exported_step(self._folder, host, self._config)
            if counts != host.step:
                restore_weights(self._checkpoints, self._state, counts)
            return self._summary.result(kept)
        try:
            reason = ended or self._train_until_stopped(step)
            return finish(
                self._experiment, self._folder, self._checkpoints, self._servable, self._summary,
                monitor=self._monitor[0], reason=reason,
            )  # fmt: skip
        except DivergedError:
            self._summary.write("diverged", self._state.host)
            raise

    def _try_export(self):
        """The `Servable` of the run, whose export has been tried; None if there is no export."""
        experiment, names = self._experiment, export.formats(self._config.export)
        begins = not self._checkpoints.steps()
        weights = self._state.read_for_answers()  # all workers take part in it
        if not names or not experiment.cluster.is_chief:
            return None
        servable = make_servable(experiment, weights, names)
        if begins:
            try_export(names, servable, experiment.data.examples)
        servable.release()
        return servable

    def _stop_signals(self):
        limit = TimeLimit(self._config.max_time, state_bytes=_num_bytes(self._state))
        return StopSignals(
            self._experiment.cluster, stop_signal=self._config.stop_signal, limit=limit
        )

    def _train_until_stopped(self, step):
        """Trains with the writers open. Returns the reason for an early end, or ""."""
        with storage.writing(self._folder.path), contextlib.ExitStack() as stack:
            signals = stack.enter_context(self._stop_signals())
            writers = []
            if self._experiment.cluster.is_chief:
                writers = writing.open_writers(
                    self._config.writers, self._folder.path, resume_step=step
                )
            for writer in writers:
                stack.callback(writer.close)
            reason = self._train_through(writers, signals)
            if reason == STOP_REASON:
                self._summary.write("stopped", self._state.host)
                raise Stopped(
                    f"stopped by {signals.name} at step {self._state.host.step}, saved in "
                    f"{self._folder.shown}; repeat the command to continue"
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
                for writer in writers:
                    writer.rewind(step)
                _LOG.warning(
                    "the loss of step %d is NaN or infinite: back to step %d, without its batch",
                    error.step,
                    step,
                )

    def _train(self, writers, signals):
        experiment, state, config = self._experiment, self._state, self._config
        experiment.engine.restart(state.host.step)
        return train(
            run_loop=experiment.run_loop,
            restart=experiment.engine.restart,
            state=state,
            total_steps=experiment.batches.total_steps,
            actions=list_actions(
                experiment,
                writers=writers,
                signals=signals,
                throughput=self._throughput,
                checkpoints=self._checkpoints,
                monitor=self._monitor,
                more=self._user_actions,
            ),
            steps_per_loop=None if config.steps_per_loop == "auto" else int(config.steps_per_loop),
            cluster=experiment.cluster,
        )


def _num_bytes(state):
    variables = state.named_variables().values()
    return sum(variable.shape.num_elements() * variable.dtype.size for variable in variables)


def _because(reason):
    return f" ({reason})" if reason else ""

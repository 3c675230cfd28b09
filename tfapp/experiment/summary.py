"""summary.json: how a run ended, how good and how fast it was, and what was chosen and why."""

import time

from tfapp.experiment.result import Result
from tfapp.run_folder import SUMMARY


class Summary:
    """Writes the summary of one run."""

    def __init__(self, experiment, folder, throughput, *, monitor, started):
        """
        Args:
          experiment: the `Experiment`.
          folder: the `RunFolder`.
          throughput: the `Throughput` of the run.
          monitor: name of the metric that decides which step is best.
          started: time.monotonic() when the run began.
        """
        self._experiment = experiment
        self._folder = folder
        self._throughput = throughput
        self._monitor = monitor
        self._started = started

    def write(self, status, host, *, evaluated=None, exported=None, reason="", more=None):
        """Replaces summary.json.

        Args:
          status: "done", "stopped" or "diverged".
          host: the `HostState`.
          evaluated: split -> `EvaluationResult` of the weights that count; None: there is none.
          exported: path of the exported model, or None.
          reason: of an early end.
          more: further entries.

        Returns:
          what was written, a dict.
        """
        experiment = self._experiment
        evaluated = evaluated or {}
        engine, choice = experiment.engine_choice, experiment.choice
        summary = {
            "status": status,
            "steps": host.step,
            "total_steps": experiment.batches.total_steps,
            "reason": reason,
            "metrics": {split: found.metrics for split, found in evaluated.items()},
            "intervals": {split: found.intervals for split, found in evaluated.items()},
            "best": {
                "step": host.best_step,
                "metric": self._monitor,
                "value": host.best_value,
                "last_value": host.last_value,
            },
            **self._throughput.summary(),
            "train_seconds": round(host.train_seconds, 3),
            "seconds": round(time.monotonic() - self._started, 3),
            "engine": engine.name,
            "engine_reason": engine.reason,
            "xla": choice.placement,
            "xla_reason": choice.placement_reason,
            "precision": choice.precision,
            "precision_reason": choice.precision_reason,
            "measurements": choice.measurements,
            "eval_batch_size": experiment.batches.eval_batch_size,
            "parameters": experiment.model.count_params(),
            "replicas": experiment.batches.num_replicas,
            "workers": experiment.cluster.num_workers,
            "bad_examples": experiment.bad_examples.count,
            "export": exported,
            **(more or {}),
            "details": {s: found.details for s, found in evaluated.items() if found.details},
        }
        self._folder.write_json(SUMMARY, summary)
        return summary

    def result(self, summary):
        """The `Result` of a run whose summary this is."""
        return Result(
            status=summary["status"],
            steps=summary["steps"],
            metrics=summary["metrics"],
            model_dir=str(self._folder.path),
            export_dir=summary["export"],
            model=self._experiment.model,
            summary=summary,
        )

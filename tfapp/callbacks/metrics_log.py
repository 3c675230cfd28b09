"""Training and validation records: metrics of a window of steps, handed to the writers.

A record is a flat dict: {"loss", metrics...}, for training also "learning_rate",
"examples_per_second" and "input_wait" (fraction of the time spent waiting for input). The sums of
an unfinished window are part of the checkpoint, so a resumed run writes the records that an
uninterrupted one would.
"""

import numpy as np

from tfapp.metrics.results import results


class MetricsLog:
    """Adds up loops (`accumulate`, every loop) and writes records (`write_train`, when due)."""

    def __init__(
        self,
        state,
        writers,
        *,
        metrics,
        learning_rate,
        derive=lambda averages: {},
    ):
        """
        Args:
          state: a `TrainState`; its host.window holds the running sums, as JSON.
          writers: `Writer`s.
          metrics: `Metric`s of training.
          learning_rate: (step) -> float.
          derive: loss and results -> a dict of what follows from them, `Task.derived`.
        """
        self._state = state
        self._writers = writers
        self._metrics = metrics
        self._learning_rate = learning_rate
        self._derive = derive

    def accumulate(self, moment):
        window = self._window()
        for name, value in {**moment.sums, "seconds": moment.seconds}.items():
            window[name] = window[name] + value if name in window else value
        self._state.host.window = {name: np.asarray(v).tolist() for name, v in window.items()}

    def write_train(self, moment):
        window = self._window()
        self._state.host.window = {}
        if not window:
            return
        seconds = max(window["seconds"], 1e-9)
        averages = results(self._metrics, window)
        metrics = {**averages, **self._derive(averages)}
        self._state.host.last_train = metrics
        extra = {"skipped": round(window["skipped"])} if window["skipped"] else {}
        self._write(
            moment.step,
            "train",
            {
                **metrics,
                "learning_rate": self._learning_rate(moment.step),
                "examples_per_second": round(window["count"] / seconds, 1),
                "input_wait": round(window["input_wait"] / seconds, 4),
                **extra,
            },
        )

    def write_validation(self, step, metrics):
        self._write(step, "validation", metrics)

    def _window(self):
        """The window's sums, those of metrics as arrays; {} at its beginning.

        A checkpoint of version 0.1.0 holds a metric as its sum over examples alone.
        """
        window = dict(self._state.host.window)
        for metric in self._metrics if window else ():
            value = np.asarray(window.get(metric.name, metric.zero()), np.float64)
            window[metric.name] = value if value.ndim else np.array([value, window["count"]])
        return window

    def _write(self, step, split, values):
        for writer in self._writers:
            writer.scalars(step, split, values)

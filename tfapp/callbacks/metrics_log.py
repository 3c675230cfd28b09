"""Training and validation records: averaged over their window, handed to the writers.

A record is a flat dict: {"loss", metrics...}, for training also "learning_rate",
"examples_per_second" and "input_wait" (fraction of the time spent waiting for input). The sums of
an unfinished window are part of the checkpoint, so a resumed run writes the records that an
uninterrupted one would.
"""


class MetricsLog:
    """Adds up loops (`accumulate`, every loop) and writes records (`write_train`, when due)."""

    def __init__(self, state, writers, *, learning_rate, derive=dict):
        """
        Args:
          state: a `TrainState`; its host.window holds the running sums.
          writers: `Writer`s.
          learning_rate: () -> float.
          derive: averages over examples -> these and what follows from them.
        """
        self._state = state
        self._writers = writers
        self._learning_rate = learning_rate
        self._derive = derive
        self.last_train = {}  # metrics of the latest training record
        self.last_validation = {}

    def accumulate(self, moment):
        window = self._state.host.window
        for name, value in {**moment.sums, "seconds": moment.seconds}.items():
            window[name] = window.get(name, 0.0) + value

    def write_train(self, moment):
        window = dict(self._state.host.window)
        self._state.host.window = {}
        if not window:
            return
        count, seconds = window.pop("count"), window.pop("seconds")
        wait, skipped = window.pop("input_wait"), window.pop("skipped")
        averages = {name: value / max(count, 1) for name, value in window.items()}
        self.last_train = self._derive(averages)
        extra = {"skipped": round(skipped)} if skipped else {}
        self._write(
            moment.step,
            "train",
            {
                **self.last_train,
                "learning_rate": self._learning_rate(),
                "examples_per_second": round(count / max(seconds, 1e-9), 1),
                "input_wait": round(wait / max(seconds, 1e-9), 4),
                **extra,
            },
        )

    def write_validation(self, step, metrics):
        self.last_validation = metrics
        self._write(step, "validation", metrics)

    def _write(self, step, split, values):
        for writer in self._writers:
            writer.scalars(step, split, values)

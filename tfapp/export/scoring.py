"""How good a model is whose outputs another runtime computes, and how far they are off."""

import dataclasses

import numpy as np
import tensorflow as tf

from tfapp.export.compare import worst_difference
from tfapp.export.signatures import OUTPUTS, from_numbers
from tfapp.metrics.results import results
from tfapp.tasks.task import TaskBatch
from tfapp.training.sums import add_sums, metric_sums, to_host

_BATCH = 256
_MOST_KEPT = 1 << 28  # bytes of outputs that are not computed again for each runtime


@dataclasses.dataclass(frozen=True)
class Score:
    """What one runtime makes of a split."""

    metrics: dict[str, float]
    worst_difference: float  # of an output, see `compare.worst_difference`


class Scorer:
    """Measures runtimes on one split, each in batches of one size and what is left."""

    def __init__(self, *, split, servable, preprocess, task, label):
        """
        Args:
          split: a `Split` of encoded examples.
          servable: the `Servable` that outputs are compared with.
          preprocess: the `Preprocessing`.
          task: the `Task`.
          label: name of the label in a batch.
        """
        self._split = split
        self._preprocess, self._task = preprocess, task
        self._label = label
        self._names = servable.argument_names
        self._core = from_numbers(servable)
        self._expected, self._kept = {}, 0  # batch -> outputs, as long as they are small; bytes

    def arguments(self, size):
        """What `core` takes for `size` examples; those of a smaller split are repeated."""
        rows = np.arange(size, dtype=np.int64) % self._split.num_examples
        encoded = self._preprocess.unpacked(self._split.fetch(rows))
        return self._named(encoded)

    def inputs(self, size):
        """What the model takes for `size` examples."""
        rows = np.arange(size, dtype=np.int64) % self._split.num_examples
        return self._preprocess(self._split.fetch(rows))

    def __call__(self, run):
        """The `Score` of a runtime; `run` is what `Exporter.load` gives."""
        sums, worst = None, 0.0
        for i, (encoded, batch) in enumerate(self._batches()):
            arguments = self._named(encoded)
            outputs = np.asarray(run(arguments)[OUTPUTS])
            worst = max(worst, worst_difference(outputs, self._right(i, arguments)))
            part = self._sums(tf.constant(outputs), batch)
            sums = part if sums is None else add_sums(sums, part)
        metrics = self._task.evaluation_metrics
        found = results(metrics, to_host(sums))
        return Score({**found, **self._task.derived(found)}, worst)

    def _right(self, number, arguments):
        """What the servable gives for the batch of that number."""
        if number in self._expected:
            return self._expected[number]
        tensors = {name: tf.constant(value) for name, value in arguments.items()}
        outputs = self._core(**tensors)[OUTPUTS].numpy()
        if self._kept + outputs.nbytes <= _MOST_KEPT:
            self._expected[number] = outputs
            self._kept += outputs.nbytes
        return outputs

    def _sums(self, outputs, batch):
        inputs = self._preprocess(batch)
        of_task = TaskBatch(inputs, batch[self._label], training=False)
        objective = self._task.objective(lambda _: outputs, of_task)
        return metric_sums(self._task.evaluation_metrics, objective, objective.losses, batch)

    def _batches(self):
        """Yields (encoded features, name -> NumPy; the whole batch)."""
        for start in range(0, self._split.num_examples, _BATCH):
            end = min(start + _BATCH, self._split.num_examples)
            batch = self._split.fetch(tf.range(start, end, dtype=tf.int64))
            yield self._preprocess.unpacked(batch), batch

    def _named(self, encoded):
        return {self._names[name]: value for name, value in encoded.items()}

"""Quantiles of a quantity: pinball loss, intervals with a stated chance of holding the value.

For the quantile q of the label t the loss of an answer y is max(q (t - y), (q - 1) (t - y)), whose
mean is least where a share q of the labels lies below y (Koenker & Bassett, Econometrica 46, 1978).
The loss of an example is the mean over the quantiles. One network answers all of them; where two
cross they are sorted, which never makes them worse (Chernozhukov, Fernández-Val & Galichon,
arXiv:0704.3649). The model learns the standardised label, as in `regression`.
"""

import copy

import numpy as np
import tensorflow as tf

from tfapp.errors import UsageError
from tfapp.metrics.quantiles import ConformalOffsets, Coverage, OfColumn, PinballLoss, pinball
from tfapp.metrics.regression import R2, ErrorSpread, MeanAbsoluteError, MeanSquaredError
from tfapp.tasks.quantiles import name_of, parse_quantiles
from tfapp.tasks.task import Adjustment, Objective, Task, float_outputs

_MEDIAN = 0.5


class QuantileRegression(Task):
    """Learns a `LabelSpec` of kind "real", one number, from outputs [batch, quantiles]."""

    name = "quantile_regression"
    loss_names = ("pinball_loss",)

    def __init__(self, label, loss="auto", *, target=(0.0, 1.0), quantiles=()):
        """
        Args:
          label: a `LabelSpec` of kind "real" and one value.
          loss: one of `loss_names`, or auto.
          target: (mean, standard deviation) of the label on train, floats of its shape.
          quantiles: --quantiles, numbers as str; () for `quantiles.DEFAULT`.

        Raises:
          UsageError: the label has several values.
        """
        if label.num_outputs != 1:
            raise UsageError(
                f"--task=quantile_regression: the label {label.name!r} has {label.num_outputs} "
                "values; quantiles are learnt of one"
            )
        self.quantiles = parse_quantiles(quantiles)
        self._names = tuple(map(name_of, self.quantiles))
        self._mean, self._scale = (
            tf.constant(np.reshape(np.asarray(part), [1]), tf.float32) for part in target[:2]
        )
        self._offsets = (0.0,) * len(self.quantiles)
        super().__init__(
            loss,
            monitor=("loss", "min"),
            training_metrics=(PinballLoss(self.quantiles, self._names, self._scale),),
            more_metrics=(*self._coverage(), *self._errors_of_median()),
        )

    def num_outputs(self, label):
        """One for each quantile."""
        del label
        return len(self.quantiles)

    def objective(self, call, batch):
        """The pinball loss of the standardised label; in evaluation of sorted quantiles."""
        outputs = float_outputs(call(batch.inputs), rank=2, width=len(self.quantiles))
        labels = tf.reshape(tf.cast(batch.labels, tf.float32), (-1, 1))
        labels = (labels - self._mean) / self._scale
        if not batch.training:
            outputs = self._ascending(outputs)
        losses = tf.reduce_mean(pinball(outputs, labels, self.quantiles), axis=-1)
        return Objective(losses, outputs, labels)

    def combine(self, outputs):
        """[batch, members, quantiles] -> the mean of the members' sorted quantiles.

        Averaging quantiles rather than distributions keeps intervals sharp (Lichtendahl, Grushka-
        Cockayne & Winkler, Management Science 59, 2013).
        """
        return tf.reduce_mean(tf.sort(tf.cast(outputs, tf.float32), axis=-1), axis=1)

    def goals(self):
        """Neither a wide interval nor a narrow one is the better by itself."""
        goals = super().goals()
        return {n: goal for n, goal in goals.items() if n not in ("coverage", "mean_width")}

    def adjustments(self):
        """By how much each quantile is moved, see `ConformalOffsets`."""
        offsets = ConformalOffsets(self.quantiles, map(_offset_name, self._names))
        return (Adjustment(offsets, calibrates=True),)

    def adjusted(self, numbers):
        """See `Task`; numbers: offset_q0.05 and so on, in standard deviations of the label."""
        offsets = tuple(
            numbers.get(_offset_name(name), offset)
            for name, offset in zip(self._names, self._offsets, strict=True)
        )
        if offsets == self._offsets:
            return self
        task = copy.copy(self)
        task._offsets = offsets
        return task

    def adjustment_note(self, numbers):
        """See `Task`."""
        scale = float(self._scale[0])
        moved = ((n, numbers.get(_offset_name(n), 0.0) * scale) for n in self._names)
        return "quantiles moved: " + ", ".join(f"{n} by {by:+.4g}" for n, by in moved if by)

    def trivial(self, train, test):
        """Of the quantiles of train, for every example."""
        train, test = (np.reshape(part, -1).astype(np.float64) for part in (train, test))
        answer = np.quantile(train, self.quantiles)
        above = test[:, None] - answer
        levels = np.array(self.quantiles)
        losses = np.maximum(levels * above, (levels - 1) * above).mean(axis=0)
        inside = (answer[0] <= test) & (test <= answer[-1])
        errors = test - np.median(train)
        each = zip(self._names, losses, strict=True)
        return {
            "pinball_loss": float(losses.mean()),
            **{f"pinball_loss_{name}": float(loss) for name, loss in each},
            "coverage": float(inside.mean()),
            "mean_width": float(answer[-1] - answer[0]),
            "mean_absolute_error": float(np.abs(errors).mean()),
            "root_mean_squared_error": float(np.sqrt(np.square(errors).mean())),
        }

    def answers(self, outputs, inputs):
        """{"q0.05": float32 [batch], ...}: each quantile in the label's unit, never crossing."""
        del inputs
        values = self._ascending(tf.cast(outputs, tf.float32)) * self._scale + self._mean
        return dict(zip(self._names, tf.unstack(values, axis=-1), strict=True))

    def _ascending(self, outputs):
        """Sorted and moved by the offsets, after which they are sorted again."""
        outputs = tf.sort(outputs, axis=-1)
        if not any(self._offsets):
            return outputs
        return tf.sort(outputs + tf.constant(self._offsets, tf.float32), axis=-1)

    def _coverage(self):
        """The metric of the interval between the outermost quantiles, if there are two."""
        low, high = self.quantiles[0], self.quantiles[-1]
        return (Coverage(high - low, self._scale),) if low < high else ()

    def _errors_of_median(self):
        """The metrics of regression, of the median if it is among the quantiles."""
        if _MEDIAN not in self.quantiles:
            return ()
        column = self.quantiles.index(_MEDIAN)
        metrics = (
            MeanAbsoluteError(self._scale),
            MeanSquaredError(self._scale),
            ErrorSpread(self._scale),
            R2(1),
        )
        return tuple(OfColumn(metric, column) for metric in metrics)


def _offset_name(name):
    return f"offset_{name}"

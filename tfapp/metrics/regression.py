"""Errors of real values: mean absolute, mean squared and its root, R2.

Outputs and labels are [batch, values], often standardised; `scale` turns their difference into the
label's own unit, which is more exact than a difference of large values in that unit.
"""

import numpy as np
import tensorflow as tf

from tfapp.metrics import intervals
from tfapp.metrics.mean import Mean
from tfapp.metrics.metric import Metric, weighted

_MAE, _RMSE = "mean_absolute_error", "root_mean_squared_error"
_CONSTANT = 1e-12  # sum of squares about the mean, relative to that about 0: rounding alone


class MeanAbsoluteError(Mean):
    """mean(|y - t|), an example's own being the mean over its values."""

    def __init__(self, scale=1.0):
        """`scale`: float32 [values] or a number."""
        super().__init__(
            "mean_absolute_error",
            lambda *pair: tf.reduce_mean(tf.abs(_difference(*pair) * scale), axis=-1),
            "min",
        )


class MeanSquaredError(Mean):
    """mean((y - t)^2), and its square root as "root_mean_squared_error"."""

    def __init__(self, scale=1.0):
        """`scale`: float32 [values] or a number."""
        super().__init__(
            "mean_squared_error",
            lambda *pair: tf.reduce_mean(tf.square(_difference(*pair) * scale), axis=-1),
            "min",
        )

    def result(self, state):
        found = super().result(state)
        return {**found, "root_mean_squared_error": found[self.name] ** 0.5}


class ErrorSpread(Metric):
    """The confidence intervals of the errors above; it has no result of its own.

    State: [5]: sums of w, of w * a and w * a^2 for the absolute error a of an example, and of
    w * s^2 and w * s^4 for its squared error s^2; both are means over its values.
    """

    name = "error_spread"
    goal = "min"

    def __init__(self, scale=1.0):
        """`scale`: float32 [values] or a number."""
        self._scale = scale

    def zero(self):
        return tf.zeros([5], tf.float64)

    def update(self, outputs, labels, weights):
        errors = tf.cast(_difference(outputs, labels) * self._scale, tf.float64)
        absolute = tf.reduce_mean(tf.abs(errors), axis=-1)
        squared = tf.reduce_mean(tf.square(errors), axis=-1)
        terms = [tf.ones_like(absolute), absolute, tf.square(absolute), squared, tf.square(squared)]
        weights = tf.cast(weights, tf.float64)
        return tf.stack([tf.reduce_sum(weighted(term, weights)) for term in terms])

    def result(self, state):
        del state
        return {}

    def intervals(self, state):
        count, absolute, absolute_squares, squared, squared_squares = state
        low, high = intervals.of_mean(squared, squared_squares, count, least=0.0)
        return {
            "mean_absolute_error": intervals.of_mean(absolute, absolute_squares, count, least=0.0),
            "mean_squared_error": (low, high),
            "root_mean_squared_error": (low**0.5, high**0.5),
        }


class TargetErrors(Metric):
    """Errors of several quantities, each in its own unit, and the means over them.

    Results are called mean_absolute_error and root_mean_squared_error, and for the quantity a
    mean_absolute_error_a and root_mean_squared_error_a.

    State: [5, values]: as that of `ErrorSpread`, for each value.
    """

    name = "target_errors"
    goal = "min"

    def __init__(self, names, scale=1.0):
        """
        Args:
          names: of the quantities, in their order.
          scale: float32 [values] or a number.
        """
        self._names = tuple(names)
        self._scale = scale

    def zero(self):
        return tf.zeros([5, len(self._names)], tf.float64)

    def update(self, outputs, labels, weights):
        absolute = tf.abs(tf.cast(_difference(outputs, labels) * self._scale, tf.float64))
        squared = tf.square(absolute)
        terms = [tf.ones_like(absolute), absolute, squared, squared, tf.square(squared)]
        weights = tf.cast(weights, tf.float64)
        return tf.stack([tf.reduce_sum(weighted(term, weights), axis=0) for term in terms])

    def result(self, state):
        count, absolute, _, squared, _ = state
        count = np.maximum(count, 1)
        return by_target(self._names, absolute / count, squared / count)

    def intervals(self, state):
        """Of each quantity's errors."""
        found = {}
        for target, (count, *sums) in zip(self._names, state.T, strict=True):
            found[f"{_MAE}_{target}"] = intervals.of_mean(sums[0], sums[1], count)
            low, high = intervals.of_mean(sums[2], sums[3], count)
            found[f"{_RMSE}_{target}"] = (max(low, 0.0) ** 0.5, high**0.5)
        return found


def by_target(names, absolute, squared):
    """The errors of several quantities by name, and the means over them.

    Args:
      names: of the quantities.
      absolute, squared: their mean absolute and mean squared errors, float64 [values].
    """
    errors = {_MAE: absolute, _RMSE: np.sqrt(squared)}
    means = {name: float(values.mean()) for name, values in errors.items()}
    return means | {
        f"{name}_{target}": float(value)
        for name, values in errors.items()
        for target, value in zip(names, values, strict=True)
    }


class R2(Metric):
    """1 - sum((y - t)^2) / sum((t - mean t)^2), the share of the variance that is explained.

    The mean over the values that vary; NaN if none does. Of values with names also each one's, as
    r2_NAME. It is the same in any unit, and more exact
    where labels are near 0, so it is computed from outputs and labels as they come.

    State: [4, values]: sums of w, w * t, w * t^2, w * (y - t)^2.
    """

    name = "r2"
    goal = "max"

    @classmethod
    def for_label(cls, label):
        return cls(label.num_outputs, label.value_names)

    def __init__(self, num_values, names=()):
        """`names`: of the values, or () if they have none."""
        self._num_values = num_values
        self._names = tuple(names)

    def zero(self):
        return tf.zeros([4, self._num_values], tf.float64)

    def update(self, outputs, labels, weights):
        difference = tf.cast(_difference(outputs, labels), tf.float64)
        labels = tf.cast(labels, tf.float64)
        terms = [tf.ones_like(labels), labels, tf.square(labels), tf.square(difference)]
        weights = tf.cast(weights, tf.float64)
        return tf.stack([tf.reduce_sum(weighted(term, weights), axis=0) for term in terms])

    def result(self, state):
        count, total, squares, errors = state
        variation = squares - np.square(total) / np.maximum(count, 1e-300)
        varies = variation > _CONSTANT * squares
        explained = np.full(len(errors), np.nan)
        explained[varies] = 1 - errors[varies] / variation[varies]
        mean = float(explained[varies].mean()) if varies.any() else float("nan")
        each = zip(self._names, explained, strict=True) if self._names else ()
        return {self.name: mean} | {f"{self.name}_{name}": float(value) for name, value in each}


def _difference(outputs, labels):
    return tf.cast(outputs, tf.float32) - tf.cast(labels, tf.float32)

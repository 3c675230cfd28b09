"""Numbers and pixels: (x - mean) / standard deviation, by channel for images, else by element.

In runs that began before `robust`, columns of tables as well: a missing number (NaN) is imputed by
the mean; if train has any, the model's input has a second value, 1 where the number was missing.
"""

import dataclasses

import numpy as np
import tensorflow as tf

from tfapp.data.preprocessing.transform import Transform, range_seen
from tfapp.spec import InputSpec

_CHUNK = 2**16  # scalars that are converted to float64 at a time: they fit the cache


@dataclasses.dataclass(frozen=True)
class Standardize(Transform):
    """Statistics of one feature, float32, that broadcast to one example."""

    mean: np.ndarray
    scale: np.ndarray  # 1 / standard deviation; 1 where that is 0
    # What happens to NaN: "refused": nothing; "filled": it is imputed; "flagged": and marked.
    missing: str = "refused"

    kind = "standardize"

    @classmethod
    def fit(cls, feature, column):
        """Fits on the training examples [num_examples, *shape] of a `FeatureSpec`."""
        axes = (0, 1, 2) if feature.kind == "image" else (0,)
        average, std = moments(column, axes)
        # A constant pixel or column carries no information: it becomes 0, not a division by 0.
        inverse = np.divide(1.0, std, out=np.ones_like(std), where=std > 1e-12)
        return cls(average.astype(np.float32), inverse.astype(np.float32))

    @classmethod
    def to_pixels(cls, feature, column):
        """Images from 0 to 255: bytes as they are, other values scaled from their range on train.

        Args:
          feature: a `FeatureSpec` of an image.
          column: the training examples [num_examples, height, width, channels].
        """
        low, high = (0, 255) if feature.dtype == "uint8" else (column.min(), column.max())
        channels = feature.shape[-1]
        scale = 255 / (high - low) if high > low else 1
        return cls(np.full(channels, low, np.float32), np.full(channels, scale, np.float32))

    def encode_column(self, column):
        """Numbers are kept unchanged."""
        return column

    def encode(self, raw):
        return raw

    def __call__(self, values):
        """[batch, *shape] -> float32 [batch, *shape], or [batch, 2] where missing is flagged."""
        values = (tf.cast(values, tf.float32) - self.mean) * self.scale
        if self.missing == "refused":
            return values
        absent = tf.math.is_nan(values)
        values = tf.where(absent, tf.zeros_like(values), values)
        if self.missing == "filled":
            return values
        return tf.stack([values, tf.cast(absent, tf.float32)], axis=-1)

    def seen(self, encoded):
        return {**range_seen(encoded), "missing": self.missing == "flagged"}

    def input_spec(self, feature):
        shape = (2,) if self.missing == "flagged" else feature.shape
        kind = "image" if feature.kind == "image" else "numeric"
        return InputSpec(feature.name, kind, shape, "float32")

    def to_json(self):
        return {
            "mean": self.mean.tolist(),
            "scale": self.scale.tolist(),
            "missing": self.missing,
        }

    @classmethod
    def from_json(cls, value):
        """Reads what `to_json` wrote; float32 values are restored exactly."""
        return cls(
            np.array(value["mean"], np.float32),
            np.array(value["scale"], np.float32),
            value["missing"],
        )


def moments(array, axes):
    """Mean and standard deviation over `axes` in float64, chunk by chunk."""
    chunk = max(_CHUNK // max(array[:1].size, 1), 1)
    shift = array[:1].mean(axes, dtype=np.float64)  # against cancellation in the sum of squares
    total, squares, count = 0.0, 0.0, 0
    for start in range(0, len(array), chunk):
        part = array[start : start + chunk].astype(np.float64) - shift
        total = total + part.sum(axes)
        squares = squares + np.square(part).sum(axes)
        count += part.size // max(np.size(shift), 1)
    average = np.asarray(total / count)
    variance = np.maximum(squares / count - np.square(average), 0)
    return average + shift, np.asarray(np.sqrt(variance))

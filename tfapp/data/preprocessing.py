"""What happens between raw features and the model: fitted on train, saved in the run, exported.

Numbers and pixels are standardised: (x - mean) / deviation, an image's by channel, any other
feature's element by element. The statistics are kept as JSON in the run's folder.
"""

import dataclasses

import numpy as np
import tensorflow as tf

_CHUNK = 4096  # examples whose float64 copy is held at a time


@dataclasses.dataclass(frozen=True)
class Preprocessing:
    """The fitted statistics: feature name -> float32 array that broadcasts to one example."""

    mean: dict
    scale: dict

    def __call__(self, batch):
        """Raw features [batch, ...] -> what the model takes.

        Returns:
          float32 [batch, ...]: a tensor if there is one feature, else a dict of tensors by name.
        """
        out = {
            name: (tf.cast(batch[name], tf.float32) - mean) * self.scale[name]
            for name, mean in self.mean.items()
        }
        return next(iter(out.values())) if len(out) == 1 else out

    def to_json(self):
        return {
            name: {"mean": mean.tolist(), "scale": self.scale[name].tolist()}
            for name, mean in self.mean.items()
        }

    @classmethod
    def from_json(cls, value):
        """Reads what `to_json` wrote; float32 values survive the way there and back exactly."""
        return cls(
            {name: np.array(v["mean"], np.float32) for name, v in value.items()},
            {name: np.array(v["scale"], np.float32) for name, v in value.items()},
        )


def fit(spec, split):
    """Fits on the examples of `split`, the training split.

    Args:
      spec: a `DataSpec`.
      split: a split with `arrays()`.
    """
    arrays = split.arrays()
    mean, scale = {}, {}
    for feature in spec.features:
        axes = (0, 1, 2) if feature.kind == "image" else (0,)
        average, deviation = _moments(arrays[feature.name], axes)
        mean[feature.name] = average.astype(np.float32)
        # A constant pixel or column carries nothing: it becomes 0, not a division by 0.
        inverse = np.divide(1.0, deviation, out=np.ones_like(deviation), where=deviation > 1e-12)
        scale[feature.name] = inverse.astype(np.float32)
    return Preprocessing(mean, scale)


def _moments(array, axes):
    """Mean and standard deviation over `axes` in float64, chunk by chunk."""
    shift = array[:1].mean(axes, dtype=np.float64)  # against cancellation in the sum of squares
    total, squares, count = 0.0, 0.0, 0
    for start in range(0, len(array), _CHUNK):
        part = array[start : start + _CHUNK].astype(np.float64) - shift
        total = total + part.sum(axes)
        squares = squares + np.square(part).sum(axes)
        count += part.size // max(np.size(shift), 1)
    average = np.asarray(total / count)
    variance = np.maximum(squares / count - np.square(average), 0)
    return average + shift, np.asarray(np.sqrt(variance))

"""A table's numbers: robust scaling and smooth clipping, and the bins of their quantiles.

x -> z / sqrt(1 + (z / 3)**2) with z = (x - median) / (interquartile range): near the median this is
z, and nothing lies beyond -3 and 3, so that no outlier and no code for "unknown" such as -999 sets
the scale of a column (Holzmüller, Grinsztajn & Steinwart, "Better by Default", arXiv:2407.04491,
section 3 and appendix A). A missing number is imputed by the median; if train has any, the model's
input has a second value, which is 1 where the number was missing. Numbers that stand for a missing
value (`tfapp.data.tables.missing_codes`) are missing from the encoding on.
"""

import dataclasses
import math

import numpy as np
import tensorflow as tf

from tfapp.data.preprocessing.transform import Transform, range_seen
from tfapp.spec import InputSpec

_LIMIT = 3.0  # the largest value after clipping
_LARGEST = 1e9  # before clipping, so that its square is finite
MOST_BINS = 48  # Gorishniy et al., arXiv:2410.24210, appendix


@dataclasses.dataclass(frozen=True)
class Robust(Transform):
    """Statistics of one column of numbers, known from train."""

    center: float
    scale: float  # 1 / interquartile range; 0 for a constant column
    flagged: bool  # whether missing numbers are marked
    # Of the bins of a piecewise-linear encoding, ascending, in the unit of the model's input.
    edges: tuple[float, ...]
    codes: tuple[float, ...] = ()  # numbers that stand for a missing value

    kind = "robust"

    @classmethod
    def fit(cls, column, *, codes=()):
        """Fits on a training column, float NumPy [num_examples], NaN where it is missing."""
        return dataclasses.replace(cls._fit(_without(column, codes)), codes=tuple(codes))

    @classmethod
    def _fit(cls, column):
        known = column[np.isfinite(column)].astype(np.float64)
        absent = bool(np.isnan(column).any())
        if not len(known):
            return cls(0.0, 0.0, absent, ())
        low, first, center, third, high = np.quantile(known, (0, 0.25, 0.5, 0.75, 1))
        # As in the paper: where half of a column is one value, its range takes the place.
        width = third - first if third > first else (high - low) / 2
        scale = 1 / width if width > 0 else 0.0
        fitted = cls(float(np.float32(center)), float(np.float32(scale)), absent, ())
        if not np.isfinite(fitted.scale) or not fitted.scale:
            return dataclasses.replace(fitted, scale=0.0)
        values = fitted._scaled(tf.constant(known, tf.float32)).numpy()
        return dataclasses.replace(fitted, edges=_edges(values))

    def encode_column(self, column):
        """Numbers are kept unchanged, but for those that stand for a missing value."""
        return _without(column, self.codes)

    def encode(self, raw):
        for code in self.codes:
            raw = tf.where(raw == code, math.nan, raw)
        return raw

    def __call__(self, values):
        """[batch] -> float32 [batch], or [batch, 2] where missing numbers are marked."""
        values = tf.cast(values, tf.float32)
        absent = tf.math.is_nan(values)
        scaled = self._scaled(tf.where(absent, tf.fill(tf.shape(values), self.center), values))
        if not self.flagged:
            return scaled
        return tf.stack([scaled, tf.cast(absent, tf.float32)], axis=-1)

    def seen(self, encoded):
        return {**range_seen(encoded), "missing": self.flagged}

    def input_spec(self, feature):
        shape, edges = ((2,), (self.edges, ())) if self.flagged else ((), (self.edges,))
        return InputSpec(feature.name, "numeric", shape, "float32", edges=edges)

    def to_json(self):
        kept = {**dataclasses.asdict(self), "edges": list(self.edges), "codes": list(self.codes)}
        return kept if self.codes else {k: v for k, v in kept.items() if k != "codes"}

    @classmethod
    def from_json(cls, value):
        """Reads what `to_json` wrote; float32 values are restored exactly."""
        edges, codes = tuple(value["edges"]), tuple(value.get("codes", ()))
        return cls(value["center"], value["scale"], value["flagged"], edges, codes)

    def _scaled(self, values):
        return smoothly_clipped(values, self.center, self.scale)


def _without(column, codes):
    """The column with NaN in the place of `codes`."""
    if not codes:
        return column
    return np.where(np.isin(column, np.array(codes, column.dtype)), np.nan, column)


def smoothly_clipped(values, center, scale):
    """The formula above; `center` and `scale` are numbers, or float32 [columns]."""
    scaled = (values - center) * scale
    scaled = tf.clip_by_value(scaled, -_LARGEST, _LARGEST)
    return scaled / tf.sqrt(1 + tf.square(scaled / _LIMIT))


def _edges(values):
    """Ascending edges of bins that hold as many examples each, of float32 [n]; () for one value.

    All distinct values if they are few. A value that more than a bin's share of the examples have
    is an edge of its own, and the other edges are quantiles of the rest: otherwise a column that is
    nearly always 0 would have hardly any bins.
    """
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) < 2:
        return ()
    if len(distinct) > MOST_BINS + 1:
        common = counts > len(values) / MOST_BINS
        rest = np.repeat(distinct[~common], counts[~common])
        count = max(MOST_BINS - int(common.sum()), 1)
        quantiles = np.quantile(rest, np.linspace(0, 1, count + 1))
        distinct = np.unique(np.r_[distinct[common], quantiles].astype(np.float32))
    return tuple(distinct.tolist())

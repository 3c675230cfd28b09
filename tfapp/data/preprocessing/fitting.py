"""Which transform a feature gets, and its fit on the raw training column."""

import numpy as np

from tfapp.data.preprocessing.categories import fit_categories
from tfapp.data.preprocessing.dates import Dates
from tfapp.data.preprocessing.standardize import Standardize, moments
from tfapp.data.preprocessing.tokens import Tokens
from tfapp.data.splits.string_column import TextStream

_STREAM_LENGTH = 128  # tokens of a window of a long text, unless --text_length says
_UNITS = {True: "characters", False: "subwords"}  # of a long text; of texts with labels


def fit_transform(feature, column, texts):
    """The fitted transform of a `FeatureSpec` with the raw training column.

    Args:
      feature: a `FeatureSpec`.
      column: NumPy [num_examples, *shape], `StringColumn` or `TextStream`.
      texts: {"length", "unit", "size"} of tokens; 0, "auto" where it is left to this.
    """
    if feature.kind == "text":
        return _fit_tokens(column, texts)
    if feature.kind == "category":
        return fit_categories(column)
    if feature.kind == "date":
        return Dates.fit(column)
    return Standardize.fit(feature, column)


def fit_target(labels):
    """(mean, deviation) of real labels [num_examples, ...], float32; a deviation of 0 is 1."""
    mean, deviation = moments(labels, (0,))
    deviation = np.where(deviation > 1e-12, deviation, 1.0)
    return mean.astype(np.float32), deviation.astype(np.float32)


def _fit_tokens(column, texts):
    stream = isinstance(column, TextStream)
    unit = texts.get("unit", "auto")
    length = texts.get("length", 0)
    if stream:
        length = (length or _STREAM_LENGTH) + 1  # the last one is to be predicted only
    return Tokens.fit(
        column,
        length=length,
        unit=_UNITS[stream] if unit == "auto" else unit,
        size=texts.get("size", 4096),
        stream=stream,
    )

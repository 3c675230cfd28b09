"""Which transform a feature gets, and its fit on the raw training column."""

from tfapp.data.preprocessing.categories import fit_categories
from tfapp.data.preprocessing.codes import Codes
from tfapp.data.preprocessing.dates import Dates
from tfapp.data.preprocessing.robust import Robust
from tfapp.data.preprocessing.standardize import Standardize
from tfapp.data.preprocessing.tokens import Tokens
from tfapp.data.splits.string_column import TextStream

_STREAM_LENGTH = 128  # tokens of a window of a long text, unless --text_length is given
_UNITS = {True: "characters", False: "subwords"}  # of a long text; of texts with labels


def fit_transform(feature, column, *, length, unit, size, pixels=False):
    """The `Transform` of a feature, fitted on its raw training column.

    Args:
      feature: a `FeatureSpec`.
      column: NumPy [num_examples, *shape], `StringColumn` or `TextStream`.
      length: tokens of a text; 0: chosen from the data.
      unit: of tokens: "characters", "subwords" or "auto".
      size: most pieces of the vocabulary of tokens.
      pixels: whether the model takes pixels from 0 to 255 instead of standardised ones.
    """
    if feature.kind == "image" and pixels:
        return Standardize.to_pixels(feature, column)
    if feature.kind == "text":
        return _fit_tokens(column, length, unit, size)
    if feature.kind == "category":
        return fit_categories(column)
    if feature.kind == "code":
        return Codes.fit(column)
    if feature.kind.startswith("date"):
        return Dates.fit(column, order=feature.kind.removeprefix("date").removeprefix("_"))
    if feature.kind == "numeric" and feature.shape == ():
        return Robust.fit(column, codes=feature.missing_codes)
    return Standardize.fit(feature, column)


def _fit_tokens(column, length, unit, size):
    stream = isinstance(column, TextStream)
    if stream:
        length = (length or _STREAM_LENGTH) + 1  # the last one is only predicted
    return Tokens.fit(
        column,
        length=length,
        unit=_UNITS[stream] if unit == "auto" else unit,
        size=size,
        stream=stream,
    )

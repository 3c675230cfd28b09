"""Numbers that stand for a missing value, such as -999 and 9999: one rule.

A number is such a code if

- it consists of nines, at least two of them (99, -999, 9999.9), or is the lowest 16 or 32-bit
  integer;
- it is the lowest or the highest value of its column, in three rows or more;
- it is negative where nothing else is, or lies further from all other values than three times
  their range.

So 99 is a code among 0 to 12, and a number among ages. `--feature_kind=COLUMN:numeric` takes every
value for a number.
"""

import numpy as np
import pyarrow as pa

from tfapp.data.tables import columns

_FEWEST = 3  # rows
_APART = 3  # ranges of the other values
_NINES = (*(10.0**n - 1 for n in range(2, 8)), 99.9, 999.9, 9999.9, 99.99, 999.99, 9999.99)
_CODES = np.array([*_NINES, *(-n for n in _NINES), -(2.0**15), -(2.0**31)], np.float32)
_LARGEST = 2**31


def find(chunks):
    """The codes in a column of numbers, and how many rows have one.

    Args:
      chunks: its Arrow arrays.

    Returns:
      (ascending floats, a count).
    """
    numeric = all(columns.is_number(c.type) or pa.types.is_null(c.type) for c in chunks)
    if not numeric or not any(map(_may_be, columns.bounds(chunks))):
        return (), 0
    values, _ = columns.as_numbers(chunks)
    distinct, counts = np.unique(values[np.isfinite(values)], return_counts=True)
    candidates = _outermost(distinct, counts)
    rest = distinct[~candidates]
    if len(rest) < 2:
        return (), 0
    far = np.maximum(rest[0] - distinct, distinct - rest[-1]) > _APART * (rest[-1] - rest[0])
    found = candidates & (far | ((distinct < 0) & (rest[0] >= 0)))
    return tuple(distinct[found].tolist()), int(counts[found].sum())


def _may_be(value):
    return value is not None and abs(value) <= _LARGEST and np.float32(value) in _CODES


def _outermost(distinct, counts):
    """bool [n]: the codes before the first other value, and those after the last."""
    codes = np.isin(distinct, _CODES) & (counts >= _FEWEST)
    return np.logical_and.accumulate(codes) | np.logical_and.accumulate(codes[::-1])[::-1]

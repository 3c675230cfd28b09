"""Words that stand for a missing value where a table has no empty field."""

import numpy as np

from tfapp.data.tables.numbers import MISSING

# Of a label of words. "None" is not among them: it is a class more often than a missing value.
_WORDS = {"", "?", "na", "n/a", "#n/a", "nan", "null"}
_OF_NUMBERS = _WORDS.union(MISSING, {"nat"})  # and of dates, which none of these can be


def is_missing(values, *, words):
    """Which strings of a NumPy object array stand for a missing value, bool [n].

    Args:
      words: whether other values are words, rather than numbers or dates.
    """
    known = _WORDS if words else _OF_NUMBERS
    return np.array([value.strip().lower() in known for value in values.tolist()], bool)

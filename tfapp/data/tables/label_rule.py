"""Whether a label that consists of numbers is one of classes or a quantity: one rule.

1. Two distinct values are classes, whatever they are.
2. Values between whole numbers (2.5) are a quantity. 3.0 counts as whole: pandas writes whole
   numbers so where some are missing.
3. Whole numbers are classes if they read like codes, else a quantity. They read like codes if

   - the name's last word does not name a quantity (age, price, count, ...);
   - there are at most 50 of them, on average at least five rows each;
   - they begin at 0 or 1 (or -1), with at most a quarter of the numbers in between left out;
   - of more than ten, none is rarer than a quarter of an equal share;
   - they are not frequent at first and ever rarer then, down to less than one row in a hundred, as
     what is counted is.

   Of a name whose last word is one for classes (class, type, species, ...), all that counts is
   that there are at most 50.

`--task` decides otherwise.
"""

import dataclasses

import numpy as np

from tfapp.data.tables import names

_MOST = 50  # codes
_ROWS_EACH = 5  # on average
_LOWEST = (-1, 0, 1)  # at which codes begin
_DENSE = 0.75  # of the numbers from the lowest to the highest that occur
_FEW = 10  # codes that need not be about equally frequent
_FAIR = 0.25  # of an equal share of the rows, for each of more codes
_TAIL = 0.01  # share of the rows that have the highest value of what is counted
_FALLS = 3  # steps by which a count's frequencies fall at least


@dataclasses.dataclass(frozen=True)
class Decision:
    """What the numbers of a label are, and why."""

    real: bool
    why: str


def decide(name, values, counts):
    """Applies the rule.

    Args:
      name: of the label.
      values: the distinct numbers, float64 [k], ascending, at least two, none missing.
      counts: how many rows have each, int64 [k].
    """
    count = len(values)
    if count == 2:
        return Decision(False, "two distinct values")
    if (values % 1 != 0).any():
        return Decision(True, "values between whole numbers")
    span = f"{count:,} whole numbers from {values[0]:.0f} to {values[-1]:.0f}"
    if names.of_classes(name) and count <= _MOST:
        return Decision(False, f"{span}, and the name of classes")
    against = _against_codes(name, values, counts)
    return Decision(bool(against), f"{span}, {against or 'which read like codes'}")


def _against_codes(name, values, counts):
    """Why whole numbers do not read like codes; empty if they do."""
    count, rows = len(values), counts.sum()
    if names.of_quantity(name):
        return "and the name of a quantity"
    if count > _MOST:
        return f"more than {_MOST}"
    if rows < _ROWS_EACH * count:
        return f"with fewer than {_ROWS_EACH} rows each"
    if values[0] not in _LOWEST:
        return "which do not begin at 0 or 1"
    if count < _DENSE * (values[-1] - values[0] + 1):
        return "with gaps"
    if count > _FEW and counts.min() < _FAIR * rows / count:
        return "some of them rare"
    if _are_counted(counts):
        return "ever rarer the larger, as counts are"
    return ""


def _are_counted(counts):
    """Whether frequencies fall from their peak to a thin tail; chance may lift one a little."""
    tail = counts[np.argmax(counts) :]
    falls = tail[1:] <= tail[:-1] + 2 * np.sqrt(tail[:-1])
    return len(falls) >= _FALLS and bool(falls.all()) and counts[-1] < _TAIL * counts.sum()

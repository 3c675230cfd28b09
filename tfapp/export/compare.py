"""Compares the answers of an exported model with those of the trained one."""

import numpy as np

from tfapp.errors import TfappError

_TOLERANCE = 1e-6  # of float32 answers: different orders of summation


def check_answers(path, answers, expected, tolerance=_TOLERANCE):
    """Compares two sets of answers.

    Args:
      path: of the exported model, for the message.
      answers, expected: name -> array or tensor [batch, ...], of the exported model and of the
        servable it was made from.
      tolerance: of floating-point answers, absolute and relative; others must be equal.

    Raises:
      TfappError: an answer is missing, or differs.
    """
    for name in sorted({*answers, *expected}):
        if name not in answers or name not in expected:
            raise TfappError(
                f"{path}: only one of the exported and the trained model answers {name}"
            )
        if not _close(np.asarray(answers[name]), np.asarray(expected[name]), tolerance):
            raise TfappError(
                f"{path}: the exported model answers another {name} than the trained one; "
                "nothing was exported"
            )


def _close(a, b, tolerance):
    if a.shape != b.shape:
        return False
    if a.dtype.kind == "f":
        return np.allclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True)
    return np.array_equal(a, b)


def worst_difference(a, b):
    """The smallest tolerance that `check_answers` would let two arrays pass with.

    inf for NaN or other shapes.
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if a.shape != b.shape:
        return float("inf")
    found = np.max(np.abs(a - b) / (1 + np.abs(b)), initial=0.0)
    return float(found) if np.isfinite(found) else float("inf")


def relative_error(a, b):
    """The root mean square of a - b as a share of that of `b`; inf for NaN or other shapes."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if a.shape != b.shape:
        return float("inf")
    size = np.sqrt(np.mean(np.square(b)))
    found = np.sqrt(np.mean(np.square(a - b))) / max(size, np.finfo(np.float32).tiny)
    return float(found) if np.isfinite(found) else float("inf")


def agreement(answers, expected):
    """The share of examples of which every answer that is no number with a point is the same.

    Args:
      answers, expected: name -> array or tensor [batch, ...].

    Returns:
      1.0 where all answers are such numbers.
    """
    same = None
    for name, right in expected.items():
        right, given = np.asarray(right), np.asarray(answers[name])
        if right.dtype.kind != "f":
            equal = (given == right).reshape(len(right), -1).all(axis=1)
            same = equal if same is None else same & equal
    return 1.0 if same is None else float(np.mean(same))

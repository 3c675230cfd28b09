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

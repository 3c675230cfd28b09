"""--quantiles: which quantiles of a quantity are learnt, checked before any data is read."""

from tfapp.errors import UsageError

DEFAULT = (0.05, 0.5, 0.95)
_MOST = 99  # as many as percentiles


def parse_quantiles(texts):
    """--quantiles as floats, ascending; `DEFAULT` for none.

    Args:
      texts: numbers as str.

    Raises:
      UsageError: one is no number between 0 and 1, or stands there twice.
    """
    if not texts:
        return DEFAULT
    flag = f"--quantiles={','.join(texts)}"
    try:
        numbers = sorted(float(text) for text in texts)
    except ValueError as error:
        raise UsageError(f"{flag}: write numbers between 0 and 1, as 0.05,0.5,0.95") from error
    if not all(0 < number < 1 for number in numbers):
        raise UsageError(f"{flag}: each must lie between 0 and 1, as 0.05,0.5,0.95")
    if len(set(numbers)) < len(numbers):
        raise UsageError(f"{flag}: one of them is given twice")
    if len(numbers) > _MOST:
        raise UsageError(f"{flag}: at most {_MOST} quantiles are learnt")
    return tuple(numbers)


def name_of(quantile):
    """What its answer and its metrics are called: q0.05."""
    return f"q{quantile}"

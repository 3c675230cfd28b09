"""How metrics are shown to people."""

import math

_LARGE = 1000  # from here on, four decimals say nothing
_SMALL = 0.001  # below, four decimals hide how values differ
_OTHERS = 3  # metrics shown after the loss and the monitored one


def metric_text(metrics, *, monitor="loss"):
    """{"loss": 0.31, "error": 34423.64} as "loss 0.3100  error 34,423.6".

    Shows the loss, the metric called `monitor`, and the first three others in the task's order,
    where those of training come first; one that the examples do not define (NaN, or None as JSON
    has it) is not among these. metrics.jsonl has all of them.
    """
    return "  ".join(metric_parts(metrics, monitor=monitor))


def metric_parts(metrics, *, monitor="loss"):
    """The parts of `metric_text`, the most important first."""
    first = [name for name in dict.fromkeys(("loss", monitor)) if name in metrics]
    others = [n for n, v in metrics.items() if n not in first and v is not None and v == v]
    return [f"{name} {number(metrics[name])}" for name in first + others[:_OTHERS]]


def number(value):
    """Four decimals; a large number has one, and commas; a small one three digits; None is nan."""
    value = math.nan if value is None else value
    if 0 < abs(value) < _SMALL:
        return f"{value:.3g}"
    return f"{value:,.1f}" if abs(value) >= _LARGE else f"{value:.4f}"

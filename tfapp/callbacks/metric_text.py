"""How metrics are shown to people."""

_LARGE = 1000  # from here on, four decimals say nothing
_OTHERS = 3  # metrics shown after the loss and the monitored one


def metric_text(metrics, *, monitor="loss"):
    """{"loss": 0.31, "error": 34423.64} as "loss 0.3100  error 34,423.6".

    Shows the loss, the metric called `monitor`, and the first three others in the task's order,
    where those of training come first. metrics.jsonl has all of them.
    """
    first = [name for name in dict.fromkeys(("loss", monitor)) if name in metrics]
    others = [name for name in metrics if name not in first]
    return "  ".join(f"{name} {number(metrics[name])}" for name in first + others[:_OTHERS])


def number(value):
    """Four decimals; for a large number one, with a comma between thousands."""
    return f"{value:,.1f}" if abs(value) >= _LARGE else f"{value:.4f}"

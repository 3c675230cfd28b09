"""How metrics are written for people."""

_LARGE = 1000  # from here on, four decimals say nothing


def metric_text(metrics):
    """{"loss": 0.31, "error": 34423.64} as "loss 0.3100  error 34,423.6"."""
    return "  ".join(f"{name} {number(value)}" for name, value in metrics.items())


def number(value):
    """Four decimals; one, and thousands apart, where the number is large."""
    return f"{value:,.1f}" if abs(value) >= _LARGE else f"{value:.4f}"

"""Whether a shorter float multiplies faster than float32, by measurements that vary."""

import statistics

_GAIN = 1.3  # speed-up of matrix products from which a shorter float is worth a try
_BASE = "float32"


def gain(base, other):
    """How many times as fast as the `Product` `base` the other one is.

    Returns:
      (median, lower quartile, upper quartile) of the ratios of the rounds, in which they took
      turns: what slows the machine down for longer than a round slows both.
    """
    ratios = [o / b for b, o in zip(base.rates, other.rates, strict=False)]
    if len(ratios) < 2:
        return ratios[0], ratios[0], ratios[0]
    lower, median, upper = statistics.quantiles(ratios, n=4, method="inclusive")
    return median, lower, upper


def verdict(products):
    """Half a sentence about which type to train in; "" if float32 was not measured."""
    by_name = {product.dtype: product for product in products}
    base = by_name.pop(_BASE, None)
    if base is None:
        return ""
    gains = {name: gain(base, product) for name, product in by_name.items()}
    best = max(gains, key=lambda name: gains[name][0], default=None)
    if best is None:
        return f"{_BASE}: no other type was measured"
    median, lower, upper = gains[best]
    if upper - lower > abs(median - _GAIN):
        return (
            f"too noisy to say: {best} multiplies {lower:.1f} to {upper:.1f} times as fast as "
            f"{_BASE}; measure again on a quiet machine"
        )
    if median >= _GAIN:
        return f"{best} multiplies {median:.1f} times as fast as {_BASE}: worth a try"
    return f"{_BASE}: no shorter type multiplies faster here"

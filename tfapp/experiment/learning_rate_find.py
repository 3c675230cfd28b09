"""--learning_rate=find: the range test of Smith, arXiv:1506.01186, sec. 3.3.

The rate rises from 1e-6 to 1 by equal factors, one step each, until the loss explodes. Chosen is a
tenth of the rate at which the smoothed loss was lowest: there it still fell.
"""

import contextlib
import dataclasses
import math

from tfapp.errors import UsageError

_STEPS = 120
_LOWEST, _HIGHEST = 1e-6, 1.0
_SMOOTHING = 0.9  # decay of the loss's moving average, without the bias of its start
_EXPLODED = 4.0  # times the lowest smoothed loss
_MARGIN = 10.0


def rehearsal_of(config):
    """The `Config` whose steps have the rising rate."""
    return dataclasses.replace(
        config,
        learning_rate=_LOWEST,
        schedule="exponential",
        schedule_arg=(f"end={_HIGHEST / _LOWEST}",),
        warmup_steps="0",
        steps=_STEPS,
    )


def measure(settled, engine, steps):
    """Runs the steps, and puts the state back, unless it is large.

    Args:
      settled: a `Settled` of `rehearsal_of` a configuration.
      engine: the `Engine` of its steps.
      steps: how many.

    Returns:
      a list of {"learning_rate", "loss", "smoothed"}, one a step.
    """
    curve, average, lowest = [], 0.0, math.inf
    # There may be no room for a copy of a large state; the run's own is built anew in any case.
    with contextlib.nullcontext() if settled.state.is_large else settled.state.unchanged():
        engine.restart(0)
        for step in range(steps):
            sums = settled.run_loop(step, 1).sums
            loss = sums["loss"] / max(sums["count"], 1)
            average = _SMOOTHING * average + (1 - _SMOOTHING) * loss
            smoothed = average / (1 - _SMOOTHING ** (step + 1))
            rate = _LOWEST * (_HIGHEST / _LOWEST) ** (step / steps)
            curve.append({"learning_rate": rate, "loss": loss, "smoothed": smoothed})
            lowest = min(lowest, smoothed)
            if not smoothed <= _EXPLODED * lowest:
                break
    engine.restart(0)
    return curve


def choose(curve):
    """The learning rate for what `measure` returned. Raises UsageError if no rate trains."""
    finite = [point for point in curve if math.isfinite(point["smoothed"])]
    if not finite:
        raise UsageError("--learning_rate=find: the loss is not finite at any rate; see the data")
    best = min(finite, key=lambda point: point["smoothed"])
    if best is finite[0]:
        raise UsageError(
            "--learning_rate=find: the loss falls at no rate from 1e-06 to 1; give the rate, or "
            "look at the model"
        )
    return float(f"{best['learning_rate'] / _MARGIN:.2g}")

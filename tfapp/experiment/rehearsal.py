"""What only first steps can show, found before training begins: how many steps fit, how fast.

Every rehearsal puts the state back bit for bit, and what it decides is kept by the run.
"""

import dataclasses
import logging
import time

from tfapp.experiment.learning_rate_find import choose, measure, rehearsal_of
from tfapp.experiment.time_budget import step_seconds, steps_within
from tfapp.run_folder import LEARNING_RATES

_LOG = logging.getLogger("tfapp")


def is_needed(config):
    """Whether a `Config`, its recipe filled in, leaves something to be found."""
    return config.learning_rate == "find" or bool(config.time_budget and not config.steps)


def rehearse(config, ground, *, folder, kept):
    """Finds the numbers for --learning_rate=find and --time_budget.

    Args:
      config: a `Config` for which something is to be found.
      ground: the `Ground`.
      folder: the `RunFolder`, which keeps the curve of the learning rates.
      kept: what an earlier start of the run chose; {}: nothing.

    Returns:
      (what was found, name of a field -> value; the `Choice` of precision and placement).

    Raises:
      UsageError: no learning rate trains, or the budget is over before training could begin.
    """
    found, choice = {}, None
    if config.learning_rate == "find":
        parts = ground.build(rehearsal_of(config), kept=kept, measure=True)
        choice = parts.settled.choice
        found["learning_rate"] = _learning_rate(parts, folder)
        config, kept = dataclasses.replace(config, **found), choice.to_json()
    if config.time_budget and not config.steps:
        begin = time.monotonic()
        parts = ground.build(config, kept=kept, measure=not kept)
        choice = choice or parts.settled.choice
        found["steps"] = _steps(config, parts, ground, begin)
    return found, choice


def _learning_rate(parts, folder):
    curve = measure(parts.settled, parts.steps.engine, parts.batches.total_steps)
    folder.write_json(LEARNING_RATES, curve)
    rate = choose(curve)
    _LOG.info(
        "learning rate: %.3g, found in %d steps from %.0e on; the curve is in %s",
        rate, len(curve), curve[0]["learning_rate"], folder.path / LEARNING_RATES,
    )  # fmt: skip
    return rate


def _steps(config, parts, ground, begin):
    seconds = step_seconds(parts.settled, parts.steps.engine)
    steps = steps_within(
        config.time_budget,
        seconds,
        parts.batches,
        ground.data.source.splits,
        again=time.monotonic() - begin,
    )
    _LOG.info(
        "time budget: %s steps of %.3g ms fit into %s",
        f"{steps:,}", 1000 * seconds, config.time_budget,
    )  # fmt: skip
    return steps

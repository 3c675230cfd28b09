"""What only first steps can show, found before training begins: how many steps fit, how fast.

Every rehearsal puts the state back bit for bit, and what it decides is kept by the run. What was
compiled to see how fast steps are is what the run trains with, unless its length changes the model.
"""

import logging
import time
from typing import NamedTuple

from tfapp.config import Config
from tfapp.data.splits.split_names import VALIDATION
from tfapp.experiment.calibration.measure import Prepared, time_step
from tfapp.experiment.ground import Parts
from tfapp.experiment.learning_rate_find import choose, measure, rehearsal_of
from tfapp.experiment.time_budget import evaluation_seconds, length_within, seconds_left
from tfapp.run_folder import LEARNING_RATES

_LOG = logging.getLogger("tfapp")
_TIMING = 0.01  # share of the time left in which steps are timed
_EVALUATING = 0.01  # share of the time left that an evaluation may take to be tried


class Rehearsed(NamedTuple):
    """What a run trains with."""

    config: Config
    recipe: dict  # what was decided or found, name of a field -> value
    parts: Parts


def is_needed(config):
    """Whether a `Config`, its recipe filled in, leaves something to be found."""
    return config.learning_rate == "find" or bool(config.time_budget and not config.steps)


def rehearse(config, ground, *, given, refill, folder, kept):
    """Finds the numbers for --learning_rate=find and --time_budget.

    Args:
      config: a `Config` for which something is to be found.
      ground: the `Ground`.
      given: the `Config` as the user gave it.
      refill: (fields that were found) -> (`Config` with them, its recipe filled in; the recipe).
      folder: the `RunFolder`, which keeps the curve of the learning rates.
      kept: what an earlier start of the run chose; {}: nothing.

    Returns:
      a `Rehearsed`.

    Raises:
      UsageError: no learning rate trains.
    """
    found, choice = {}, None
    if config.learning_rate == "find":
        parts = ground.build(rehearsal_of(config), kept=kept, measure=True)
        choice = parts.settled.choice
        found["learning_rate"] = _learning_rate(parts, folder)
        config, recipe = refill(found)
        kept = choice.to_json()
    if config.time_budget and not config.steps:

        def refill_more(more):
            return refill({**found, **more})

        rehearsed = _within_budget(config, ground, given, refill=refill_more, kept=kept)
    else:
        rehearsed = Rehearsed(config, recipe, ground.build(config, kept=kept, measure=True))
    return rehearsed if choice is None else _with_choice(rehearsed, choice)


def _learning_rate(parts, folder):
    curve = measure(parts.settled, parts.steps.engine, parts.batches.total_steps)
    folder.write_json(LEARNING_RATES, curve)
    rate = choose(curve)
    _LOG.info(
        "learning rate: %.3g, found in %d steps from %.0e on; the curve is in %s",
        rate, len(curve), curve[0]["learning_rate"], folder.path / LEARNING_RATES,
    )  # fmt: skip
    return rate


def _within_budget(config, ground, given, *, refill, kept):
    begin = time.monotonic()
    built = ground.build(config, kept=kept, measure=True)
    choice = built.settled.choice
    prepared = Prepared(
        built.settled.state, built.settled.run_loop, built.steps.engine, built.settled.in_place
    )
    agree = ground.cluster.agree
    left = agree(seconds_left(config.time_budget))
    seconds = time_step(prepared, within=_TIMING * left, clock=lambda: agree(time.monotonic()))
    evaluation = _evaluation(built, ground, seconds, left)
    again = time.monotonic() - begin - choice.spent
    longer, recipe = refill(_length(ground, built, seconds, evaluation, given))
    parts = ground.at_length(built, config, longer)
    if parts is None:
        longer, recipe = refill(_length(ground, built, seconds, evaluation, given, again=again))
        parts = ground.build(longer, kept=choice.to_json(), measure=True)
    _LOG.info(
        "time budget: %s steps of %.3g ms fit into %s",
        f"{longer.steps:,}", 1000 * seconds, config.time_budget,
    )  # fmt: skip
    return _with_choice(Rehearsed(longer, recipe, parts), choice)


def _evaluation(built, ground, step, left):
    """Seconds of an evaluation on validation: measured, unless it is likely to take too long.

    `step` and `left`, seconds, are agreed on: all workers evaluate, or none. What is compiled for
    it is what the run evaluates with.
    """
    likely = evaluation_seconds(step, built.batches, ground.data.source)
    if likely > _EVALUATING * left:
        return likely
    built.evaluate(VALIDATION)
    begin = time.monotonic()
    built.evaluate(VALIDATION)
    return time.monotonic() - begin


def _length(ground, built, seconds, evaluation, given, *, again=0.0):
    """The fields of a `Length`, as the chief sees it; the interval only if it is auto."""
    length = length_within(
        given.time_budget,
        seconds,
        evaluation,
        built.batches,
        ground.data.source,
        evaluate_every=given.evaluate_every,
        again=again,
    )
    steps, every = ground.cluster.agree(list(length))
    return {"steps": steps} | ({"evaluate_every": every} if given.evaluate_every == "auto" else {})


def _with_choice(rehearsed, choice):
    """With the `Choice` that was measured, and its reasons."""
    settled = rehearsed.parts.settled._replace(choice=choice)
    return rehearsed._replace(parts=rehearsed.parts._replace(settled=settled))

"""Chooses precision and placement: forced, kept by the run, measured before, or measured now."""

import dataclasses
import math
import time
from collections.abc import Callable

from tfapp.distribution.cluster import Cluster, SingleProcess
from tfapp.experiment.calibration import cache, measure


@dataclasses.dataclass(frozen=True)
class Choice:
    """How a step is run, with the reasons that are printed and recorded."""

    precision: str
    placement: str
    precision_reason: str
    placement_reason: str
    measurements: tuple = ()  # JSON objects, one a candidate that was measured
    spent: float = 0.0  # seconds of measuring, the compilation of the chosen one left out

    def to_json(self):
        """What a run keeps, so that a continued one computes the same bits."""
        return {"precision": self.precision, "xla": self.placement}


@dataclasses.dataclass(frozen=True)
class Question:
    """What is to be chosen, and what is known before anything is measured."""

    precision: str  # --precision
    placement: str  # --xla
    kept: dict  # `Choice.to_json` of an earlier start of the run; {}: none
    measure: bool  # False: nothing may be measured
    deterministic: bool  # --deterministic: measured times are not


def choose(
    question: Question,
    candidates: list[measure.Candidate],
    prepare: Callable[[measure.Candidate], measure.Prepared],
    *,
    description: dict,
    total_steps: int,
    within: float = math.inf,
    cluster: Cluster | None = None,
) -> Choice:
    """Chooses among `candidates`.

    Args:
      question: see `Question`.
      candidates: see `candidates.list_candidates`; the best guess first.
      prepare: makes a candidate ready to be measured.
      description: JSON-able, what a measurement depends on; see `description.describe`.
      total_steps: of the run.
      within: seconds that the run has at most.
      cluster: whose chief's measurements count; None: this process alone.

    Raises:
      NotCompiled: XLA cannot compile the model, and every candidate needs it.
    """
    cluster = cluster or SingleProcess()
    if len(candidates) == 1 or not question.measure:
        return _unmeasured(question, candidates[0])
    if question.deterministic:
        return _unmeasured(question, measure.first_that_compiles(candidates, prepare))
    described = [dataclasses.astuple(candidate) for candidate in candidates]
    key = cache.key_of({**description, "candidates": described})
    records = cluster.agree(_of(candidates, cache.look_up(key)))
    if records is not None:
        return _measured(records, "measured before")
    begin = time.monotonic()
    measurements = measure.calibrate(
        candidates, prepare, total_steps=total_steps, within=within, cluster=cluster
    )
    seconds = time.monotonic() - begin
    records = [measurement.to_json() for measurement in measurements]
    if len(records) == len(candidates):
        cache.keep(key, records)
    why = "the best guess; the run is too short to measure more"
    choice = _measured(records, "measured" if len(records) > 1 else why)
    compiled = measure.fastest(records)["compile_seconds"]
    return dataclasses.replace(choice, spent=max(seconds - compiled, 0.0))


def _of(candidates, records):
    """`records` of the cache if they are of these candidates; else None."""
    found = {(r["precision"], r["xla"]) for r in records or ()}
    return records if found == {(c.precision, c.placement) for c in candidates} else None


def _unmeasured(question, candidate):
    def reason(forced, flag, kept_name):
        if forced != "auto":
            return f"forced by --{flag}"
        if kept_name in question.kept:
            return "as the run began"
        if question.deterministic:
            return "the first guess: measured times are not deterministic"
        return "the only one that fits here"

    return Choice(
        candidate.precision,
        candidate.placement,
        reason(question.precision, "precision", "precision"),
        reason(question.placement, "xla", "xla"),
    )


def _measured(records, why):
    best = measure.fastest(records)
    others = ", ".join(
        f"{r['xla']} {r['precision']} {r['step_ms']:.3g}" for r in records if r is not best
    )
    against = f"{best['step_ms']:.3g} ms a step{', against ' + others if others else ''}"
    several = len(records) > 1
    return Choice(
        best["precision"],
        best["xla"],
        why if several else "the default",
        f"{why}: {against}" if several else why,
        tuple(records),
    )

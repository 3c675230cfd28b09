"""Chooses a way of running a step by measuring it, within a budget of seconds.

A candidate is measured on the run's own loop and data; afterwards the state is what it was before,
bit for bit, so measuring changes neither weights nor order nor random numbers.
"""

import dataclasses
import logging
import time

import tensorflow as tf

_LOG = logging.getLogger("tfapp")
_MOST_SECONDS = 10.0
_MOST_SHARE = 0.03  # of the run's estimated time
_TIMED_SECONDS = 0.15  # of steps behind one measurement
_REPEATS = 3
BFLOAT16_GAIN = 1.3  # times faster than float32 that bfloat16 must be to be chosen


@dataclasses.dataclass(frozen=True)
class Candidate:
    """One way of running a step."""

    precision: str
    placement: str


@dataclasses.dataclass(frozen=True)
class Measurement:
    """What a candidate took."""

    candidate: Candidate
    step_seconds: float
    compile_seconds: float  # the first step, compilation included

    def to_json(self):
        return {
            "precision": self.candidate.precision,
            "xla": self.candidate.placement,
            "step_ms": round(1000 * self.step_seconds, 4),
            "compile_seconds": round(self.compile_seconds, 3),
        }


@dataclasses.dataclass
class Prepared:
    """A candidate that is ready to run: its state, its compiled loop, its engine."""

    state: object
    run_loop: object
    engine: object


def calibrate(candidates, prepare, *, total_steps, step=0, clock=time.monotonic):
    """Measures candidates in order until the budget is spent.

    Args:
      candidates: `Candidate`s, the best guess first; it is measured in any case.
      prepare: Candidate -> `Prepared`.
      total_steps: of the run, for the estimate of its time.
      step: where the run will start.
      clock: seconds; injected by tests.

    Returns:
      a list of (`Measurement`, `Prepared`), at least one, in the order of the candidates.
    """
    begin = clock()
    measured, budget = [], 0.0
    for candidate in candidates:
        # The next candidate's compilation cannot be interrupted: it must be likely to fit.
        likely = max((m.compile_seconds for m, _ in measured), default=0.0)
        if measured and clock() - begin + likely > budget:
            break
        prepared = prepare(candidate)
        result = _measure(candidate, prepared, step, total_steps - step, clock)
        if not measured:
            budget = min(_MOST_SECONDS, _MOST_SHARE * (total_steps - step) * result.step_seconds)
            begin = clock()  # the first one's compilation is the run's own
        measured.append((result, prepared))
    return measured


def fastest(records):
    """The record of the fastest way; bfloat16 must be `BFLOAT16_GAIN` times faster than float32.

    `records` are what `Measurement.to_json` gives.
    """
    best = {}
    for record in sorted(records, key=lambda r: -r["step_ms"]):
        best[record["precision"]] = record
    exact, lower = best.get("float32"), best.get("bfloat16")
    if exact is None or lower is None:
        return exact or lower or records[0]
    return lower if exact["step_ms"] >= BFLOAT16_GAIN * lower["step_ms"] else exact


def _measure(candidate, prepared, step, steps_left, clock):
    """Runs the candidate's loop; its state is afterwards what it was before."""
    kept = tf.nest.map_structure(tf.identity, prepared.state.read_all())
    prepared.engine.restart(step)
    begin = clock()
    prepared.run_loop(step, 1)
    compile_seconds = clock() - begin
    begin = clock()
    prepared.run_loop(step, 1)
    once = max(clock() - begin, 1e-6)
    if _MOST_SHARE * once * steps_left < _TIMED_SECONDS:
        prepared.state.write_all(kept)  # a run so short gains nothing from a better choice
        return Measurement(candidate, once, compile_seconds)
    steps = max(1, min(int(_TIMED_SECONDS / once), 1000, steps_left))
    times = []
    for _ in range(_REPEATS if once < 1 else 1):
        begin = clock()
        prepared.run_loop(step, steps)
        times.append((clock() - begin) / steps)
    prepared.state.write_all(kept)
    return Measurement(candidate, min(times), compile_seconds)

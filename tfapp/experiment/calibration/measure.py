"""Measures ways of running a step within a budget of seconds.

A candidate is measured on the run's own loop and data; afterwards the state is what it was before,
bit for bit, so measuring changes neither weights nor order nor random numbers.
"""

import dataclasses
import logging
import math
import statistics
import time
from collections.abc import Callable

from tfapp.data.pipeline.engine import Engine
from tfapp.distribution.cluster import SingleProcess
from tfapp.training.loop import LoopResult
from tfapp.training.memory import NoRoom
from tfapp.training.placement import NotCompiled
from tfapp.training.state import TrainState

_LOG = logging.getLogger("tfapp")
_MOST_SECONDS = 10.0
_MOST_SHARE = 0.03  # of the run's estimated time
_TIMED_SECONDS = 0.15  # of steps behind one measurement
_REPEATS = 4  # bursts a candidate
_MANY_STEPS = 10**6
_MOST_BURSTS = 9  # whose median is a step's time
_CLOSE = 1.5  # times the fastest first burst, up to which a candidate is timed again
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

    state: TrainState
    run_loop: Callable[..., LoopResult]  # of `make_loop`
    engine: Engine
    in_place: bool = False  # steps update the state in place, of which there may be no room for two


def calibrate(
    candidates, prepare, *, total_steps, within=math.inf, step=0, cluster=None, clock=time.monotonic
):
    """Measures candidates in order until the budget is spent.

    Args:
      candidates: `Candidate`s, the best guess first; it is measured in any case.
      prepare: Candidate -> `Prepared`.
      total_steps: of the run, for the estimate of its time.
      within: seconds that the run has at most.
      step: where the run will start.
      cluster: a `Cluster`, whose chief's clock counts: all workers measure the same candidates
        with the same numbers of steps. None: this process alone.
      clock: () -> seconds; injected by tests.

    Returns:
      a list of `Measurement`, at least one, in the order of the candidates; those that XLA cannot
      compile are left out, and those that have no room.

    Raises:
      NotCompiled: XLA can compile none of them.
      NoRoom: the first that XLA can compile has no room.
    """
    agree = (cluster or SingleProcess()).agree

    def agreed_clock():
        return agree(clock())

    begin = agreed_clock()
    timings, budget = [], 0.0
    for candidate in candidates:
        # The next candidate's compilation cannot be interrupted: it must be likely to fit.
        likely = max((t.compile_seconds for t in timings), default=0.0)
        if timings and agreed_clock() - begin + likely > budget:
            break
        try:
            timing = _first(candidate, prepare(candidate), step, total_steps - step, agreed_clock)
        except NotCompiled as error:
            _leave_out(candidate, [] if timings else candidates, error)
            continue
        except NoRoom as error:
            if not timings:
                raise  # compiling all the others to see them fail as well can take minutes
            _leave_out(candidate, [], error)
            continue
        if not timings:
            seconds = min((total_steps - step) * timing.step_seconds, within)
            budget = min(_MOST_SECONDS, _MOST_SHARE * seconds)
            begin = agreed_clock()  # the first one's compilation is the run's own
        if timing.prepared.state.is_large:
            timing.prepared = None  # the next one's may need its memory
        timings.append(timing)
    # In turns, so that what else the machine does for a while slows all of them.
    close = _CLOSE * min(t.step_seconds for t in timings)
    for _ in range(_REPEATS - 1 if len(timings) > 1 else 0):
        for timing in timings:
            if timing.prepared and timing.step_seconds <= close and agreed_clock() - begin < budget:
                seconds = _burst(timing.prepared, step, timing.steps, agreed_clock)
                timing.step_seconds = min(timing.step_seconds, seconds)
    return [timing.measurement() for timing in timings]


def first_that_compiles(candidates, prepare, *, step=0):
    """The first of the candidates that XLA can compile; arguments and errors as of `calibrate`."""
    for candidate in candidates:
        prepared = prepare(candidate)
        prepared.engine.restart(step)
        try:
            _burst(prepared, step, 1, time.monotonic)
        except NotCompiled as error:
            _leave_out(candidate, candidates, error)
            continue
        break
    return candidate


def _leave_out(candidate, candidates, error):
    """Says why a candidate is left out; raises the error if it is the last of them."""
    if candidate in candidates[-1:]:
        raise error
    _LOG.info("xla: %s is left out: %s", candidate.placement, error.why)


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


@dataclasses.dataclass
class _Timing:
    """A candidate's times so far."""

    candidate: Candidate
    prepared: Prepared | None  # None: not kept
    compile_seconds: float
    step_seconds: float  # the least that was seen
    steps: int  # of a burst

    def measurement(self):
        return Measurement(self.candidate, self.step_seconds, self.compile_seconds)


def _first(candidate, prepared, step, steps_left, clock):
    """Compiles the candidate and times a first burst of steps."""
    prepared.engine.restart(step)
    compile_seconds = _burst(prepared, step, 1, clock)
    once = max(_burst(prepared, step, 1, clock), 1e-6)
    steps = max(1, min(int(_TIMED_SECONDS / once), 1000, steps_left))
    # A run that is shorter than what is timed gains nothing from a better choice.
    if steps > 1 and _MOST_SHARE * once * steps_left >= _TIMED_SECONDS:
        once = _burst(prepared, step, steps, clock)
    return _Timing(candidate, prepared, compile_seconds, once, steps)


def _burst(prepared, step, steps, clock):
    """Seconds a step, of `steps` steps; the state is afterwards what it was before."""
    if prepared.in_place:
        begin = clock()
        prepared.run_loop(step, steps, discard=True)
        return (clock() - begin) / steps
    with prepared.state.unchanged():
        begin = clock()
        prepared.run_loop(step, steps)
        return (clock() - begin) / steps


def time_step(prepared, *, within, clock=time.monotonic):
    """Seconds of one step of a `Prepared`, compilation left out; its state stays what it was.

    Args:
      prepared: a `Prepared`.
      within: seconds after which no further burst of steps is begun; each run's machine is busier
        at some moments than at others.
      clock: () -> seconds; injected by tests.
    """
    timing = _first(None, prepared, 0, _MANY_STEPS, clock)
    seconds, end = [timing.step_seconds], clock() + within
    while len(seconds) < _MOST_BURSTS and clock() < end:
        seconds.append(_burst(prepared, 0, timing.steps, clock))
    return statistics.median(seconds)

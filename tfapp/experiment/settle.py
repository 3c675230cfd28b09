"""Settles how a run's steps are run, and makes the state and the loop that run them."""

import dataclasses
import functools
import gc
from collections.abc import Callable
from typing import NamedTuple

from tfapp.distribution.devices import device_type
from tfapp.errors import UsageError
from tfapp.experiment import side_by_side
from tfapp.experiment.calibration.candidates import first_precision, list_candidates
from tfapp.experiment.calibration.choose import Choice, Question, choose
from tfapp.experiment.calibration.description import describe
from tfapp.experiment.calibration.measure import Candidate, Prepared
from tfapp.experiment.model_state import build_state
from tfapp.experiment.time_budget import seconds_left
from tfapp.models.built import original_of, precision_of
from tfapp.training.loop import LoopResult
from tfapp.training.state import TrainState

_MANY_STEPS = 10**9


class Settled(NamedTuple):
    """A choice, and what was built for it."""

    choice: Choice
    state: TrainState
    run_loop: Callable[..., LoopResult]  # of `make_loop`
    in_place: bool  # whether its steps update the state in place


class _Built:
    """The states and loops built so far, by precision; if they are large, only the latest state."""

    def __init__(self, make_state, steps):
        self._make_state, self._steps = make_state, steps
        self._states, self._loops = {}, {}

    def state(self, precision):
        if precision not in self._states:
            if any(state.is_large for state in self._states.values()):
                self._states.clear()
                self._loops.clear()
                gc.collect()  # models, and functions that are traced, are in cycles
            self._states[precision] = self._make_state(precision)
        return self._states[precision]

    def prepared(self, precision, placement):
        state, key = self.state(precision), (precision, placement)
        if key not in self._loops:
            self._loops[key] = self._steps.loop(state, placement)
        in_place = self._steps.in_place(state, placement)
        return Prepared(state, self._loops[key], self._steps.engine, in_place)


def settle(config, model_name, data, batches, steps, cluster, *, kept, measure):
    """Chooses precision and placement.

    Args:
      config: a `Config`.
      model_name: --model, or what auto stands for.
      data: a `Data`.
      batches: a `BatchPlan`.
      steps: a `StepBuilder`.
      cluster: the `Cluster`, whose chief decides.
      kept: `Choice.to_json` of an earlier start of the run; {}: none.
      measure: whether anything may be measured.

    Returns:
      a `Settled`; what was compiled to measure its choice is not compiled again.

    Raises:
      UsageError: the model cannot be built, or a forced choice cannot work here.
    """
    built = _Built(
        functools.partial(
            build_state,
            config,
            model_name,
            steps.strategy,
            data,
            batches,
            outputs=steps.task.num_outputs(data.spec.label),
            compression=steps.compression,
        ),
        steps,
    )
    question, candidates, description = _asked(
        config, model_name, data, batches, steps, built, kept=kept, measure=measure
    )
    agreed = cluster.agree([[c.precision, c.placement] for c in candidates])
    choice = choose(
        question,
        [Candidate(*pair) for pair in agreed],
        lambda c: built.prepared(c.precision, c.placement),
        description=description,
        **_length(config, batches, cluster),
        cluster=cluster,
    )
    chosen = built.prepared(choice.precision, choice.placement)
    return Settled(choice, chosen.state, chosen.run_loop, chosen.in_place)


def _asked(config, model_name, data, batches, steps, built, *, kept, measure):
    """(`Question`, `Candidate`s, what measurements depend on) of a run."""
    question = Question(config.precision, config.xla, kept, measure, config.deterministic)
    state = built.state(first_precision(question))
    model = state.model
    if original_of(model) is not model:
        precision = _built_precision(config.precision, original_of(model), model_name)
        question = dataclasses.replace(question, precision=precision)
    side_by_side.check_model(original_of(model), batches.parts)
    candidates = list_candidates(
        question,
        model,
        num_replicas=batches.num_replicas,
        engine=steps.engine.name,
        device_type=device_type(),
        batch_size=batches.batch_size * data.spec.label.positions,
        large=state.is_large,
        teacher=steps.compression.teacher and steps.compression.teacher.model,
        parts=batches.parts,
    )
    return (
        question,
        candidates,
        describe(config, data.spec, model, steps.engine.name, batches.num_replicas),
    )


def _length(config, batches, cluster):
    """The arguments of `choose` that say how long the run is."""
    if not config.time_budget:
        return {"total_steps": batches.total_steps}
    within = cluster.agree(seconds_left(config.time_budget))
    # As many steps as fit, unless their number is given as well.
    return {"total_steps": config.steps or _MANY_STEPS, "within": within}


def _built_precision(asked, model, name):
    """--precision, or that of a built model whose layers were made for a lower one.

    Raises:
      UsageError: the two contradict each other.
    """
    found = precision_of(model, name)
    if found == "float32" or asked == found:
        return asked
    if asked != "auto":
        raise UsageError(
            f"--precision={asked}: the model {name} is built already and computes in {found}; name "
            "the class or a function that makes it"
        )
    return found

"""Which step's weights count: the best, the last, or the last where validation cannot tell."""

import json
import types

import numpy as np
import pytest

from tfapp.distribution.cluster import SingleProcess
from tfapp.experiment import kept, selection
from tfapp.training.state import HostState

LAST, BEST = 100, 40


class Checkpoints:
    """Puts the step whose weights are in the state into it."""

    def __init__(self, state):
        self._state = state

    def restore(self, step):
        self._state.restored = step
        self._state.host = HostState(step=step)


def make(choice, *, early_stopping=0, best_step=BEST):
    state = types.SimpleNamespace(
        host=HostState(step=LAST, best_step=best_step, best_value=0.5), restored=LAST
    )
    config = types.SimpleNamespace(export_weights=choice, early_stopping=early_stopping)
    split = types.SimpleNamespace(num_examples=50)
    data = types.SimpleNamespace(source=types.SimpleNamespace(splits={"validation": split}))
    return types.SimpleNamespace(state=state, config=config, data=data, cluster=SingleProcess())


def choose(monkeypatch, experiment, losses, monitor="loss"):
    """(step, restored step); `losses`: step -> loss of each validation example."""
    found = lambda: np.asarray(losses[experiment.state.restored], np.float64)  # noqa: E731
    monkeypatch.setattr(selection, "_losses", lambda experiment: found)
    step, _ = selection.choose_weights(experiment, Checkpoints(experiment.state), monitor)
    assert experiment.state.host.step == LAST  # the host's numbers stay those of the run's end
    return step, experiment.state.restored


NOISE = np.random.default_rng(0).normal(size=50)
CLEARLY_BETTER = {LAST: NOISE**2 + 1, BEST: NOISE**2}
LUCKY = {LAST: NOISE**2, BEST: NOISE**2 - 0.01 + 0.5 * NOISE[::-1]}


@pytest.mark.parametrize(
    "losses, step", [(CLEARLY_BETTER, BEST), (LUCKY, LAST)], ids=["clearly better", "lucky"]
)
def test_the_best_count_if_they_are_better_by_more_than_a_standard_error(monkeypatch, losses, step):
    assert choose(monkeypatch, make("auto"), losses) == (step, step)


@pytest.mark.parametrize(
    "choice, changes, step",
    [
        ("best", {}, BEST),
        ("last", {}, LAST),
        ("early_stopping", {"early_stopping": 3}, BEST),
        ("early_stopping", {"early_stopping": 0}, LAST),
        ("best", {"best_step": None}, LAST),
        ("auto", {"best_step": LAST}, LAST),
    ],
)
def test_what_is_asked_for(monkeypatch, choice, changes, step):
    assert choose(monkeypatch, make(choice, **changes), LUCKY) == (step, step)


def test_another_metric_than_the_loss_is_taken_as_it_is(monkeypatch):
    assert choose(monkeypatch, make("auto"), LUCKY, monitor="accuracy") == (BEST, BEST)


def test_with_many_validation_examples_the_best_step_is_no_luck(monkeypatch):
    experiment = make("auto")
    experiment.data.source.splits["validation"].num_examples = 20_001
    assert choose(monkeypatch, experiment, LUCKY) == (BEST, BEST)


def test_a_later_command_takes_the_weights_that_the_run_ended_with(tmp_path):
    values = {
        "status": "done", "steps": LAST, "total_steps": LAST, "reason": "", "metrics": {},
        "best": {"step": BEST, "metric": "loss", "value": 0.5}, "examples_per_second": None,
        "step_ms": None, "export": None,
    }  # fmt: skip

    class Folder:
        def read_json(self, name, shape):
            path = tmp_path / name
            return json.loads(path.read_text()) if path.exists() else None

    host = HostState(step=LAST, best_step=BEST)
    auto = types.SimpleNamespace(export_weights="auto", early_stopping=5)
    assert kept.exported_step(Folder(), host, auto) == BEST  # it has not ended
    for step in (LAST, BEST):
        (tmp_path / "summary.json").write_text(json.dumps({**values, "exported_step": step}))
        assert kept.exported_step(Folder(), host, auto) == step
    (tmp_path / "summary.json").write_text(json.dumps(values))  # of 0.2.0
    old = types.SimpleNamespace(export_weights="early_stopping", early_stopping=0)
    assert kept.exported_step(Folder(), host, old) == LAST
    later = HostState(step=LAST + 7, best_step=LAST + 5)  # the run went on and was killed
    (tmp_path / "summary.json").write_text(json.dumps({**values, "exported_step": LAST}))
    assert kept.exported_step(Folder(), later, auto) == LAST + 5


def test_losses_of_single_examples_are_those_of_the_evaluation(make_experiment):
    experiment = make_experiment(xla="off", precision="float32", eval_batch_size=50)
    losses = selection._losses(experiment)()
    assert losses.shape == (experiment.data.source.splits["validation"].num_examples,)
    assert losses.mean() == pytest.approx(experiment.evaluate("validation").metrics["loss"])

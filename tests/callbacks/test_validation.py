"""Evaluation between steps: which step is best, when to stop, how many lines are shown."""

import types

from tfapp.callbacks.validation import Validation
from tfapp.training.moment import Moment


class Run:
    """A validation whose losses are given and whose clock stands still unless it is moved."""

    def __init__(self, losses, patience=0):
        self.lines, self.records, self.now = [], [], 0.0
        self.host = types.SimpleNamespace(
            best_value=None, best_step=0, last_value=None, evaluations_without_improvement=0
        )
        log = types.SimpleNamespace(
            write_validation=lambda step, metrics: self.records.append((step, metrics["loss"]))
        )
        losses = iter(losses)
        self.validation = Validation(
            types.SimpleNamespace(host=self.host),
            lambda: types.SimpleNamespace(metrics={"loss": next(losses)}),
            log,
            monitor="loss",
            goal="min",
            patience=patience,
            note=self.lines.append,
            clock=lambda: self.now,
        )

    def evaluate(self, step, *, last=False, seconds=0.0):
        self.now += seconds
        moment = Moment(step, 100, 1, 0.1, {}, last)
        self.validation(moment)
        return moment


def test_a_short_run_shows_its_first_and_its_last_evaluation():
    run = Run([0.5, 0.4, 0.3, 0.35])
    for step in (10, 20, 30):
        run.evaluate(step)
    run.evaluate(40, last=True)
    assert run.lines == [
        "step 10  validation  loss 0.5000  (best)",
        "step 40  validation  loss 0.3500",
    ]
    assert run.records == [(10, 0.5), (20, 0.4), (30, 0.3), (40, 0.35)]
    assert (run.host.best_step, run.host.best_value) == (30, 0.3)


def test_a_long_run_shows_each_evaluation():
    run = Run([0.5, 0.4, float("nan")])
    for step in (10, 20, 30):
        run.evaluate(step, seconds=5)
    assert [line.split()[1] for line in run.lines] == ["10", "20", "30"]
    assert "(best)" in run.lines[1] and "(best)" not in run.lines[2]


def test_the_evaluation_that_ends_a_run_early_is_shown():
    run = Run([0.5, 0.6, 0.7], patience=2)
    moments = [run.evaluate(step) for step in (10, 20, 30)]
    assert [bool(moment.stop) for moment in moments] == [False, False, True]
    assert "has not improved on 0.5000 (step 10) for 2 evaluations" in moments[2].stop
    assert [line.split()[1] for line in run.lines] == ["10", "30"]

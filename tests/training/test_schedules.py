"""Learning rates against their formulas, step by step."""

import math

import pytest

from tfapp.errors import UsageError
from tfapp.training.schedules import SCHEDULES, Schedule, check


def rates(name, steps, *, warmup=0, total=100, **arguments):
    schedule = Schedule(name, peak=2.0, warmup_steps=warmup, total_steps=total, arguments=arguments)
    return [float(schedule(step)) for step in steps]


@pytest.mark.parametrize(
    "name, arguments, steps, expected",
    [
        ("constant", {}, (0, 50, 100), (2, 2, 2)),
        ("linear", {}, (0, 25, 100), (2, 1.5, 0)),
        ("linear", {"end": 0.5}, (50, 100), (1.5, 1)),
        ("cosine", {}, (0, 25, 50, 100), (2, 1 + math.sqrt(0.5), 1, 0)),
        ("polynomial", {"power": 3.0}, (0, 50), (2, 0.25)),
        ("exponential", {"end": 0.01}, (0, 50, 100), (2, 0.2, 0.02)),
        ("step", {"at": (0.3, 0.6), "factor": 0.5}, (29, 30, 60), (2, 1, 0.5)),
        ("one_cycle", {"start": 0.1, "end": 0.0, "up": 0.5}, (0, 50, 100), (0.2, 2, 0)),
    ],
)
def test_formulas(name, arguments, steps, expected):
    assert rates(name, steps, **arguments) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("name", SCHEDULES)
def test_warm_up_rises_to_the_schedules_beginning(name):
    measured = rates(name, range(11), warmup=10)
    assert measured[:10] == pytest.approx([0.2 * (step + 1) for step in range(10)])
    assert measured[10] == pytest.approx(rates(name, [0])[0])


@pytest.mark.parametrize("argument", [{"ends": 0.1}, {"end": "low"}])
def test_refused(argument):
    with pytest.raises(UsageError, match="--schedule_arg=end"):
        Schedule("cosine", peak=1.0, warmup_steps=0, total_steps=10, arguments=argument)
    with pytest.raises(UsageError, match="--schedule_arg=end"):
        check("cosine", argument)


def test_an_unknown_name_is_refused():
    with pytest.raises(UsageError, match="--schedule=cosin: unknown; did you mean 'cosine'"):
        check("cosin")


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_takes_its_own_arguments(name):
    check(name, SCHEDULES[name][1])

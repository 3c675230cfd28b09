"""The arithmetic of batches: replicas, micro-batches, epochs, durations, evaluation."""

import types

import pytest

from tfapp.errors import DataError, UsageError
from tfapp.experiment.batch_plan import plan_batches
from tfapp.flag_values import parse_duration


def plan(train=1000, validation=100, num_replicas=1, **changes):
    sizes = {"train": train, "validation": validation, "test": 100}
    source = types.SimpleNamespace(
        spec=types.SimpleNamespace(name="sizes"),
        splits={n: types.SimpleNamespace(num_examples=size) for n, size in sizes.items()},
    )
    flags = {"batch_size": 32, "accumulate": 1, "eval_batch_size": 0, "epochs": 2, "steps": 0}
    return plan_batches(source, num_replicas=num_replicas, **{**flags, **changes})


def test_a_batch_divides_among_replicas_and_micro_batches():
    batches = plan(batch_size=48, num_replicas=2, accumulate=3)
    assert (batches.share, batches.micro_batch) == (24, 8)


def test_an_epoch_has_only_full_batches():
    batches = plan()
    assert batches.steps_per_epoch == 31
    assert batches.total_steps == 62
    assert plan(steps=5).total_steps == 5


@pytest.mark.parametrize(
    "flags, size",
    [({}, 256), ({"batch_size": 512}, 512), ({"batch_size": 512, "eval_batch_size": 64}, 64)],
)
def test_the_evaluation_batch_size(flags, size):
    assert plan(**flags).eval_batch_size == size


@pytest.mark.parametrize(
    "text, steps",
    [("500", 500), ("3e", 93), ("0.5e", 16), ("10%", 7), ("64ex", 2), ("0", 0), ("0.01%", 1)],
)
def test_durations_in_steps(text, steps):
    assert plan().steps(parse_duration(text, "log_every")) == steps


def test_a_batch_larger_than_train_is_refused():
    with pytest.raises(UsageError, match="--batch_size=32: is larger than the 20 training"):
        plan(train=20)


def test_a_batch_that_does_not_divide_is_refused():
    with pytest.raises(UsageError, match="--accumulate=3: --batch_size=32 does not divide"):
        plan(accumulate=3)
    with pytest.raises(UsageError, match="--cpu_parts=3: --batch_size=32 does not divide into 3"):
        plan(accumulate=2, parts=3)


def test_an_empty_split_is_refused():
    with pytest.raises(DataError, match="split validation is empty"):
        plan(validation=0)

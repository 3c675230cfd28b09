"""Where a step has no room in memory: auto takes a smaller batch, and anything else is one line."""

import json

import pytest
import tensorflow as tf

from tfapp.errors import UsageError
from tfapp.experiment.evaluations import Evaluations
from tfapp.runtime.memory_errors import is_no_room
from tfapp.training import evaluation, loop

MESSAGE = "OOM when allocating tensor with shape[32,64] and type float by allocator GPU_0_bfc"


@pytest.fixture
def room_for_twenty(monkeypatch):
    """Steps of more than 20 examples in a micro-batch fail, as on a device with little memory."""
    make = loop.make_loop

    def make_loop(*, options, **others):
        if options.batch_size // options.accumulate <= 20:
            return make(options=options, **others)

        def run(*arguments, **named):
            raise tf.errors.ResourceExhaustedError(None, None, MESSAGE)

        return run

    monkeypatch.setattr(loop, "make_loop", make_loop)


@pytest.mark.usefixtures("room_for_twenty")
def test_auto_takes_the_largest_batch_that_fits(tmp_path, run_cli):
    folder = tmp_path / "auto"
    flags = ("--dataset=synthetic:4:3:300", "--model=mlp", f"--model_dir={folder}", "--steps=20",
             "--export=none")  # fmt: skip
    done = run_cli(*flags)
    assert done.code == 0, done.err
    assert "recipe: batch_size 32: a step has no room in memory; trying 16" in done.err
    recipe = json.loads((folder / "choices.json").read_text())["recipe"]
    assert recipe["batch_size"] == 16
    records = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert records[-1]["step"] == 20
    # The run goes on with what it has found.
    again = run_cli(*flags, "--mode=eval")
    assert again.code == 0, again.err
    assert "no room" not in again.err


@pytest.mark.usefixtures("room_for_twenty")
def test_a_batch_that_is_given_is_refused_with_what_would_help(make_experiment):
    message = "--batch_size=32: a step has no room in memory; use --accumulate=2 .*OOM when alloc"
    with pytest.raises(UsageError, match=message):
        make_experiment(batch_size=32)
    assert make_experiment(batch_size=32, accumulate=2).batches.micro_batch == 16


@pytest.mark.usefixtures("room_for_twenty")
def test_a_way_that_was_not_tried_is_one_line_in_training(run_cli, tmp_path):
    done = run_cli(f"--model_dir={tmp_path / 'run'}", "--xla=off", "--precision=float32",
                   "--batch_size=64", "--export=none")  # fmt: skip
    assert done.code == 2
    assert done.err.splitlines()[-1].startswith("tfapp: --batch_size=64: a step has no room")


@pytest.mark.parametrize(
    "error",
    [
        tf.errors.ResourceExhaustedError(None, None, MESSAGE),
        MemoryError("Unable to allocate 9.09 TiB for an array with shape (1000000, 1250000)"),
        MemoryError(),
    ],
)
def test_an_evaluation_without_room_is_one_line(run_cli, tmp_path, monkeypatch, error):
    def evaluate(*arguments, **named):
        raise error

    monkeypatch.setattr(Evaluations, "__call__", evaluate)
    done = run_cli(f"--model_dir={tmp_path / 'run'}", "--steps=5", "--export=none")
    assert done.code == 2
    message = "tfapp: there is no room in memory; use a smaller --batch_size or --eval_batch_size"
    assert done.err.splitlines()[-1].startswith(message)


@pytest.fixture
def evaluating_has_room_for(monkeypatch):
    """evaluating_has_room_for(n): evaluation steps of more examples fail."""

    def limit(most):
        make = evaluation.make_evaluation

        def make_evaluation(*, inputs, **others):
            if inputs._share <= most:
                return make(inputs=inputs, **others)

            def run():
                raise tf.errors.ResourceExhaustedError(None, None, MESSAGE)

            return run

        monkeypatch.setattr(evaluation, "make_evaluation", make_evaluation)

    return limit


def test_an_evaluation_takes_smaller_batches_where_it_has_no_room(
    make_experiment, evaluating_has_room_for, caplog
):
    experiment = make_experiment(batch_size=32)
    expected = experiment.evaluate("test").metrics
    limited = make_experiment(batch_size=32)
    evaluating_has_room_for(70)
    with caplog.at_level("INFO", "tfapp"):
        found = limited.evaluate("test").metrics
    assert "evaluation: no room in memory; in batches of 64: OOM when allocating" in caplog.text
    assert found.keys() == expected.keys()
    assert found["loss"] == pytest.approx(expected["loss"], rel=1e-6)
    assert found["accuracy"] == expected["accuracy"]


def test_no_smaller_batches_than_there_is_room_for_in_training(
    make_experiment, evaluating_has_room_for
):
    evaluating_has_room_for(20)
    with pytest.raises(tf.errors.ResourceExhaustedError):
        make_experiment(batch_size=32).evaluate("test")
    given = make_experiment(batch_size=16, eval_batch_size=100)
    with pytest.raises(tf.errors.ResourceExhaustedError):
        given.evaluate("test")


def test_a_full_disk_is_no_lack_of_memory():
    full = tf.errors.ResourceExhaustedError(None, None, "x.tmp; No space left on device")
    assert not is_no_room(full)
    assert is_no_room(tf.errors.ResourceExhaustedError(None, None, MESSAGE))

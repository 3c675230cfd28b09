"""A run continues with the data that it began with, or says what has changed."""

import json
import pathlib

import pytest

FLAGS = ("--dataset=csv:people.csv", "--label=y", "--model_dir=run", "--xla=off",
         "--precision=float32", "--export=none", "--batch_size=16",
         "--schedule=constant")  # fmt: skip
DATA = pathlib.Path("run/data.json")


def save(rows, column="size"):
    lines = [f"{i % 7},{'abc'[i % 3]},{'no' if i % 7 < 3 else 'yes'}" for i in range(rows)]
    pathlib.Path("people.csv").write_text("\n".join([f"x,{column},y", *lines]))


@pytest.fixture
def started(run_cli):
    """run_cli, after 5 steps on 300 rows."""
    save(300)
    done = run_cli(*FLAGS, "--steps=5")
    assert done.code == 0, done.err
    return run_cli


def test_data_that_changed_is_refused_before_training(started):
    save(1000)
    for _ in range(2):  # the refusal is not what the run remembers
        done = started(*FLAGS, "--steps=10")
        assert (done.code, done.out) == (3, "")
        line = done.err.splitlines()[-1]
        assert line.startswith("tfapp: --model_dir=run: the data has changed since the run began: ")
        assert "train had 243 examples, has 810" in line
        assert "people.csv had" in line
        assert "--accept_changed_data goes on with it" in line
    assert json.loads(pathlib.Path("run/summary.json").read_text())["steps"] == 5


def test_accepted_changes_are_logged_and_become_the_runs_data(started):
    save(1000)
    done = started(*FLAGS, "--steps=10", "--accept_changed_data")
    assert done.code == 0, done.err
    assert "the data has changed since the run began: train had 243 examples, has 810" in done.err
    assert "resume: from step 5" in done.err
    done = started(*FLAGS, "--steps=15")
    assert done.code == 0, done.err
    assert "has changed" not in done.err


def test_the_same_data_continues(started):
    save(300)
    done = started(*FLAGS, "--steps=10")
    assert done.code == 0, done.err
    assert "has changed" not in done.err


def test_other_columns_are_refused_even_if_changes_are_accepted(started):
    save(300, column="width")
    done = started(*FLAGS, "--steps=10", "--accept_changed_data")
    assert done.code == 3
    assert "the model does not fit it: the feature 'size' is gone" in done.err


def test_an_evaluation_warns(started):
    save(1000)
    before = DATA.read_bytes()
    done = started("--mode=eval", "--model_dir=run")
    assert done.code == 0, done.err
    assert "the data has changed since the run began: train had 243 examples" in done.err
    assert json.loads(done.out)["split"] == "test"
    assert DATA.read_bytes() == before
    pathlib.Path("people.csv").rename("others.csv")
    done = started("--mode=eval", "--model_dir=run", "--dataset=csv:others.csv")
    assert done.code == 0, done.err
    assert "has changed" not in done.err


def test_a_run_without_a_fingerprint_gets_one(started):
    wanted = DATA.read_bytes()
    DATA.unlink()
    done = started(*FLAGS, "--steps=10")
    assert done.code == 0, done.err
    assert DATA.read_bytes() == wanted
    DATA.unlink()
    save(300, column="width")
    done = started(*FLAGS, "--steps=15")
    assert done.code == 3
    assert "the model does not fit it: 'size', 'width' is in one of them only" in done.err


@pytest.mark.parametrize("text", ["{", "[]", '{"features": {}}', "17"])
def test_a_damaged_fingerprint_is_one_line(started, text):
    DATA.write_text(text)
    done = started(*FLAGS, "--steps=10")
    assert done.code == 3
    assert "run/data.json: " in done.err.splitlines()[-1]

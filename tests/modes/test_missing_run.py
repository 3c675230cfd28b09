"""--mode=eval and --mode=predict name a run that is missing before anything else."""

import os

import pytest

from tfapp import flags


@pytest.fixture(autouse=True)
def no_tensorflow(monkeypatch):
    """Importing TensorFlow takes seconds, and must not be needed to see that a run is missing."""

    def fail():
        raise AssertionError("TensorFlow is imported")

    monkeypatch.setattr("tfapp.runtime.import_tensorflow.import_tensorflow", fail)
    os.makedirs("runs/adult-1/export/1")
    os.makedirs("runs/digits-1/checkpoints")


@pytest.mark.parametrize(
    "given, message",
    [
        ("--mode=predict", "--mode=predict needs --model_dir, the folder of a finished run"),
        ("--mode=predict --batch_size=0", "--mode=predict needs --model_dir"),
        (
            "--mode=predict --model_dir=runs/adult-2",
            "--model_dir=runs/adult-2: holds no export: there is no such folder; did you mean "
            "'runs/adult-1'?",
        ),
        ("--mode=predict --model_dir=nowhere/x", "nowhere/x: holds no export: there is no such"),
        ("--mode=predict --model_dir=runs/none --input=none.doc --output=a.b", "no such folder"),
        (
            "--mode=predict --model_dir=runs/digits-1 --output=x",
            "holds no export; repeat the run's command if it has not finished, or train with",
        ),
        ("--mode=eval --batch_size=0", "--mode=eval needs --model_dir"),
        ("--mode=eval --model_dir=runs/none --batch_size=0", "is not a run's folder (no flags"),
    ],
)
def test_it_is_named_first(run_cli, given, message):
    done = run_cli(*given.split())
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert message in done.err


def test_a_run_with_an_export_is_enough_to_predict_with():
    parsed = flags.parse(
        ["", "--mode=predict", "--model_dir=runs/adult-1", "--input=a.csv", "--output=b.csv"]
    )
    assert parsed.model_dir == "runs/adult-1"

"""Runs of every older version continue, evaluate and predict.

A folder VERSION below tests/old_runs holds what that version wrote: digits-killed and table-killed
(killed in mid-run), table-finished, the data people.csv, and what is expected: the records of the
same runs without interruption, and the answers for people.csv.
"""

import json
import pathlib
import shutil

import pytest

from tests.conftest import ROOT

VERSIONS = sorted(path.name for path in (ROOT / "tests" / "old_runs").iterdir())


@pytest.fixture(params=VERSIONS)
def old_runs(request, tmp_path):
    """The working directory, with the folders and files of one version."""
    shutil.copytree(ROOT / "tests" / "old_runs" / request.param, tmp_path, dirs_exist_ok=True)
    return request.param


def read_records(path):
    return [json.loads(line) for line in pathlib.Path(path).read_text().splitlines()]


def measured(record):
    return {k: record[k] for k in ("loss", "accuracy", "learning_rate") if k in record}


def last_checkpoint(run):
    return max(int(path.name.split("-")[1]) for path in pathlib.Path(run, "checkpoints").iterdir())


def assert_continued(run, step, expected):
    """Asserts that the records after `step` are those of a run without interruption."""
    wanted = [r for r in read_records(expected) if r["step"] > step]
    found = [r for r in read_records(f"{run}/metrics.jsonl") if r["step"] > step]
    assert wanted
    assert [(r["step"], r["split"]) for r in found] == [(r["step"], r["split"]) for r in wanted]
    for mine, theirs in zip(found, wanted, strict=True):
        assert measured(mine) == pytest.approx(measured(theirs), rel=1e-5), mine


def test_a_killed_run_continues_in_its_folder(old_runs, run_cli):
    step = last_checkpoint("digits-killed")
    done = run_cli("--flagfile=digits-killed/flags.txt", "--model_dir=digits-killed")
    assert done.code == 0, done.err
    assert f"resume: from step {step} of digits-killed" in done.err
    assert_continued("digits-killed", step, "digits-expected.jsonl")


def test_a_killed_run_is_found_by_its_command(old_runs, run_cli):
    run = pathlib.Path("runs/people.csv-1")
    shutil.copytree("table-killed", run)
    step = last_checkpoint(run)
    done = run_cli("--flagfile=table-killed/flags.txt")
    assert done.code == 0, done.err
    assert f"resume: from step {step} of {run}" in done.err
    assert_continued(run, step, "table-expected.jsonl")
    assert [path.name for path in run.parent.iterdir()] == [run.name]


def test_a_finished_run_is_evaluated(old_runs, run_cli):
    done = run_cli("--mode=eval", "--model_dir=table-finished")
    assert done.code == 0, done.err
    answer = json.loads(done.out)
    summary = json.loads(pathlib.Path("table-finished/summary.json").read_text())
    assert (answer["step"], answer["split"]) == (summary["steps"], "test")
    for name in ("loss", "accuracy"):
        assert answer[name] == pytest.approx(summary["metrics"]["test"][name], rel=1e-5)


def test_a_finished_run_predicts(old_runs, run_cli):
    done = run_cli(
        "--mode=predict", "--model_dir=table-finished", "--input=people.csv", "--output=out.jsonl"
    )
    assert done.code == 0, done.err
    wanted, found = read_records("table-answers.jsonl"), read_records("out.jsonl")
    assert len(found) == len(wanted) > 0
    for mine, theirs in zip(found, wanted, strict=True):
        for name in ("input", "class_id", "class_name"):
            assert mine[name] == theirs[name]
        assert mine["probabilities"] == pytest.approx(theirs["probabilities"], rel=1e-5, abs=1e-6)


def test_a_finished_run_is_complete(old_runs, run_cli):
    before = read_records("table-finished/metrics.jsonl")
    done = run_cli("--flagfile=table-finished/flags.txt", "--model_dir=table-finished")
    assert done.code == 0, done.err
    assert "run: complete at step 40" in done.err
    assert read_records("table-finished/metrics.jsonl") == before

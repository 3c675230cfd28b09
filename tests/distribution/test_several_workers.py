"""Several workers in real processes: same results, one writer, one end, exact restarts."""

import json
import os
import signal
import time

import pytest

from tests.conftest import HANG_SECONDS, outcome, start_main
from tests.distribution.processes import losses, run_workers, start_workers

SHORT = ("--model_dir=run", "--export=none", "--steps=20", "--log_every=5", "--writers=jsonl")
ENDLESS = (*SHORT[:2], "--steps=10000000", "--early_stopping=0", "--checkpoint_every=20")


@pytest.fixture
def folders(tmp_path):
    """folders(n): working directories, one a worker."""

    def make(count):
        made = [tmp_path / f"worker-{i}" for i in range(count)]
        for folder in made:
            folder.mkdir(exist_ok=True)
        return made

    return make


@pytest.fixture
def one(tmp_path):
    """one(*flags): the folder of a run of one process with the same flags."""

    def run(*flags):
        (tmp_path / "one").mkdir()
        done = outcome(start_main(tmp_path / "one", *flags))
        assert done.code == 0, done.err
        return tmp_path / "one" / "run"

    return run


def wait_for(path, processes):
    """Returns once `path` is there."""
    ends = time.monotonic() + HANG_SECONDS
    while not path.exists():
        assert time.monotonic() < ends
        assert all(process.poll() is None for process in processes), [
            process.communicate() for process in processes if process.poll() is not None
        ]
        time.sleep(0.1)


def test_two_workers_compute_what_one_process_does_and_worker_0_alone_writes(folders, one):
    here, there = folders(2)
    chief, other = run_workers([here, there], *SHORT, "--export=savedmodel")
    assert (chief.code, other.code) == (0, 0), chief.err + other.err
    alone, together = losses(one(*SHORT)), losses(here / "run")
    assert together == pytest.approx(alone, rel=1e-5)
    assert list(there.iterdir()) == []
    graph = (here / "run" / "export" / "1" / "saved_model.pb").read_bytes()
    assert b"/job:" not in graph  # a server has no such job
    assert other.out == "" and "accuracy" in chief.out
    assert all(line.startswith("[worker 1] ") for line in other.err.splitlines())
    assert all(line.startswith("[worker 0] ") for line in chief.err.splitlines())


@pytest.mark.slow
def test_two_workers_make_a_model_smaller_as_one_process_does(folders, one, tmp_path):
    (tmp_path / "first").mkdir()
    done = outcome(start_main(tmp_path / "first", "--model_dir=run", "--export=none", "--steps=60"))
    assert done.code == 0, done.err
    first = tmp_path / "first" / "run"
    recipe = (
        *SHORT, f"--init_from={first}", f"--distill_from={first}", "--low_rank=0.4",
        "--prune=0.5", "--quantize=int8",
    )  # fmt: skip
    here, there = folders(2)
    workers = run_workers([here, there], *recipe)
    assert [d.code for d in workers] == [0, 0], [d.err for d in workers]
    alone = one(*recipe)
    # A weight at the edge of two levels may be rounded either way.
    assert losses(here / "run") == pytest.approx(losses(alone), rel=2e-3)
    summaries = [json.loads((run / "summary.json").read_text()) for run in (here / "run", alone)]
    assert summaries[0]["low_rank"] == summaries[1]["low_rank"]
    assert [s["sparsity"]["overall"] for s in summaries] == [0.5, 0.5]


@pytest.mark.slow
@pytest.mark.parametrize(
    "victim, flags",
    [
        # For its time only where workers are to be tried at length, as in test_restarts.py.
        pytest.param(
            0, ("--engine=stream", "--xla=gradients", "--accumulate=2", "--clip_norm=0.5",
                "--class_weight=balanced", "--label_smoothing=0.1"),
            marks=pytest.mark.skipif("TFAPP_KILLS" not in os.environ, reason="TFAPP_KILLS"),
        ),
        (1, ("--shard_optimizer", "--ema=0.9")),
    ],
)  # fmt: skip
def test_the_others_end_when_a_worker_is_killed_and_any_number_continues(
    folders, one, victim, flags
):
    recipe = (*SHORT[:2], "--steps=150", "--log_every=50", "--writers=jsonl", *flags)
    recipe = (*recipe, "--checkpoint_every=20", "--early_stopping=0", "--batch_size=24")
    processes = start_workers(folders(2), *recipe)
    wait_for(folders(2)[0] / "run" / "checkpoints" / "step-00000020", processes)
    processes[victim].send_signal(signal.SIGKILL)
    left = outcome(processes[1 - victim])
    assert left.code == 75, left.err
    assert f"worker {victim}" in left.err.splitlines()[-1]
    processes[victim].communicate()
    again = run_workers(folders(3), *recipe)
    assert [d.code for d in again] == [0, 0, 0], [d.err for d in again]
    assert losses(folders(3)[0] / "run") == pytest.approx(losses(one(*recipe)), rel=1e-5)


@pytest.mark.slow
def test_a_signal_to_one_worker_saves_and_ends_all(folders):
    processes = start_workers(folders(2), *ENDLESS)
    wait_for(folders(2)[0] / "run" / "checkpoints" / "step-00000020", processes)
    processes[1].send_signal(signal.SIGTERM)
    ended = [outcome(process) for process in processes]
    assert [d.code for d in ended] == [143, 143], [d.err for d in ended]
    steps = {d.err.splitlines()[-1].partition(" at step ")[2].partition(",")[0] for d in ended}
    assert len(steps) == 1
    assert (folders(2)[0] / "run" / "checkpoints" / f"step-{int(steps.pop()):08d}").is_dir()


@pytest.mark.slow
def test_an_error_of_one_worker_ends_all_with_its_cause_and_code(folders):
    here, there = folders(2)
    (here / "t.csv").write_text("a,y\n" + "".join(f"{i % 7},{i % 2}\n" for i in range(200)))
    done = run_workers([here, there], *SHORT, "--dataset=csv:t.csv", "--label=y")
    assert [d.code for d in done] == [3, 3], [d.err for d in done]
    assert "worker 1 (" in done[0].err and "t.csv does not exist" in done[0].err


@pytest.mark.slow
@pytest.mark.parametrize("rows, flags", [(201, ((), ())), (200, ((), ("--seed=1",)))])
def test_workers_that_would_compute_something_else_are_stopped(folders, rows, flags):
    for folder, count in zip(folders(2), (200, rows), strict=True):
        (folder / "t.csv").write_text("a,y\n" + "".join(f"{i % 7},{i % 2}\n" for i in range(count)))
    done = run_workers(folders(2), *SHORT, "--dataset=csv:t.csv", "--label=y", own=flags)
    assert [d.code for d in done] == [2, 2], [d.err for d in done]
    what = "--seed: 1, not 0" if rows == 200 else "the data, splits, train, examples: "
    for one_of_them in done:
        assert f"worker 1 differs from worker 0 in {what}" in one_of_them.err.splitlines()[-1]

"""An epoch that goes on with another number of workers sees each example once."""

import os
import random

import pytest

from tests.conftest import outcome, start_main
from tests.distribution.processes import run_workers

ROWS = 320
FLAGS = (
    "--dataset=csv:t.csv", "--label=y", "--model=tests.distribution.notes:Notes", "--xla=off",
    "--precision=float32", "--batch_size=16", "--model_dir=run", "--export=none",
    "--evaluate_every=1000", "--early_stopping=0", "--schedule=constant",
)  # fmt: skip

at_length = pytest.mark.skipif("TFAPP_WORKERS" not in os.environ, reason="TFAPP_WORKERS")


@pytest.mark.slow
@pytest.mark.parametrize(
    "count, engine",
    [
        (1, "stream"),
        # For their time only where workers are to be tried at length.
        *(pytest.param(*case, marks=at_length) for case in [(4, "stream"), (1, "resident")]),
        pytest.param(4, "resident", marks=at_length),
    ],
)
def test_the_ids_of_an_epoch(tmp_path, monkeypatch, count, engine):
    notes = tmp_path / "notes"
    monkeypatch.setenv("TFAPP_TEST_NOTES", str(notes))
    draw = random.Random(0)
    table = "".join(f"{i + draw.random()},{'ab'[i % 2]}\n" for i in range(ROWS))
    folders = [tmp_path / str(i) for i in range(max(count, 2))]
    for folder in folders:
        folder.mkdir()
        (folder / "t.csv").write_text("a,y\n" + table)
    flags = (*FLAGS, f"--engine={engine}")
    done = run_workers(folders[:2], *flags, "--steps=7")
    assert [d.code for d in done] == [0, 0], [d.err for d in done]
    before = notes.read_text().splitlines()
    assert len(before) == len(set(before)) == 7 * 16
    if count == 1:
        done = [outcome(start_main(folders[0], *flags, "--steps=16"))]
    else:
        done = run_workers(folders, *flags, "--steps=16")
    assert [d.code for d in done] == [0] * count, [d.err for d in done]
    after = notes.read_text().splitlines()
    assert len(after) == len(set(after)) == 16 * 16

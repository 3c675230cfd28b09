"""Workers killed at random moments under a restart loop end as an undisturbed run does.

TFAPP_KILLS=20 in the environment kills so often; without it the test is skipped, for its time:
test_several_workers.py kills once.
"""

import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import HANG_SECONDS, ROOT

KILLS = int(os.environ.get("TFAPP_KILLS", "0"))
RECIPE = (
    "--model_dir=run", "--export=none", "--writers=jsonl", "--steps=1500", "--log_every=50",
    "--checkpoint_every=25", "--evaluate_every=100", "--early_stopping=0", "--steps_per_loop=5",
)  # fmt: skip


def launch(folder, *flags):
    folder.mkdir()
    return subprocess.Popen(
        [sys.executable, "-m", "tfapp.launch", "--workers=2", f"--restarts={3 * KILLS}", "--",
         *RECIPE, *flags],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def children_of(pid):
    """Process numbers of the workers, worker 0 first."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except (OSError, ValueError):  # it has just ended
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(path.parent.name))
    return sorted(found)


def steps(run):
    folder = run / "checkpoints"
    return max((int(p.name[5:]) for p in folder.glob("step-*")), default=0)


def weights(run):
    path = str(run / "checkpoints" / "step-00001500" / "variables")
    reader = tf.train.load_checkpoint(path)
    names = [name for name in reader.get_variable_to_shape_map() if name.startswith("variables")]
    return {name: reader.get_tensor(name) for name in names}


def records(run):
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [(r["split"], r["step"], r["loss"]) for r in map(json.loads, lines)]


@pytest.mark.slow
@pytest.mark.skipif(KILLS < 1, reason="TFAPP_KILLS is not set")
def test_killed_workers_end_as_undisturbed_ones(tmp_path):
    draw = random.Random(7)
    disturbed = launch(tmp_path / "disturbed")
    run, killed, ends = tmp_path / "disturbed" / "run", 0, time.monotonic() + HANG_SECONDS
    while disturbed.poll() is None and killed < KILLS and time.monotonic() < ends:
        before = steps(run)
        while steps(run) <= before and disturbed.poll() is None and time.monotonic() < ends:
            time.sleep(0.05)
        time.sleep(draw.uniform(0, 1))
        victims = draw.choice([slice(0, 1), slice(1, 2), slice(0, 2)])
        for pid in children_of(disturbed.pid)[victims]:
            os.kill(pid, signal.SIGKILL)
        killed += 1
        ends = time.monotonic() + HANG_SECONDS
    _, err = disturbed.communicate(timeout=HANG_SECONDS)
    assert disturbed.returncode == 0, err
    assert killed == KILLS
    undisturbed = launch(tmp_path / "undisturbed")
    _, err = undisturbed.communicate(timeout=HANG_SECONDS)
    assert undisturbed.returncode == 0, err
    other = tmp_path / "undisturbed" / "run"
    mine, theirs = weights(run), weights(other)
    assert mine.keys() == theirs.keys()
    for name in mine:
        np.testing.assert_allclose(mine[name], theirs[name], rtol=1e-6, atol=1e-6)
    found, expected = records(run), records(other)
    assert [r[:2] for r in found] == [r[:2] for r in expected]  # none twice, none missing
    assert [r[2] for r in found] == pytest.approx([r[2] for r in expected], rel=1e-5)

"""Python programs in processes of their own: the log, and runs one after another."""

import json
import os
import re
import subprocess
import sys

import pytest

from tests.conftest import HANG_SECONDS, ROOT

pytestmark = pytest.mark.slow

FLAGS = ("--dataset=synthetic:8:3:200", "--steps=20", "--xla=off", "--precision=float32")
PROGRAM = """
import sys, json
import tfapp
QUICK = {"steps": 20, "xla": "off", "precision": "float32", "export": ("none",)}
def run(folder, **changes):
    values = {"dataset": "synthetic:8:3:200", "model_dir": folder, **QUICK, **changes}
    return tfapp.run(tfapp.Config(**values))
"""


def python(folder, code, **variables):
    """Runs `PROGRAM` and `code`; (stdout, lines of stderr)."""
    environment = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM + code],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(ROOT), **variables},
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr.splitlines()


def without_times(lines):
    """Lines of a log without those that time decides: progress, and what is measured."""
    measured = re.compile(r"first step|engine|run:|step \d+/")
    return [line.partition("  loss")[0] for line in lines if not measured.match(line)]


def test_the_log_is_that_of_the_command_line_and_nothing_else(tmp_path, run_main):
    _, lines = python(tmp_path, "run('a')")
    done = run_main(*FLAGS, "--export=none", "--model_dir=b")
    assert without_times(lines) == without_times(done.err.splitlines())


def test_a_second_run_logs_the_same_lines_once(tmp_path):
    _, lines = python(tmp_path, "run('a', export=('savedmodel',)); run('b', seed=1)")
    assert sum(line.startswith("model: mlp") for line in lines) == 4
    assert not [line for line in lines if "retracing" in line or line.startswith("INFO")]


def test_a_program_that_imports_tensorflow_after_tfapp_hears_no_more_of_it_than_its_import(
    tmp_path,
):
    _, alone = python(tmp_path, "import tensorflow")
    _, lines = python(tmp_path, "import tensorflow; run('a', xla='loop')")
    noise = [line for line in lines if line.startswith(("I0000", "W0000", "E0000", "WARNING"))]
    assert len(noise) <= len(alone)


RUNS = """
def second():
    return run("second", model="tests.models_for_tests:Dropping", dataset="digits", seed=3,
               augment=("cutout",), ema=0.9).metrics
"""


def test_a_run_gives_the_same_after_another_one_in_its_process(tmp_path):
    show = "print(json.dumps(second()))"
    first = "run('first', seed=8, optimizer='sgd', augment=('cutout',), dataset='digits')\n"
    os.makedirs(tmp_path / "alone")
    os.makedirs(tmp_path / "after")
    alone, _ = python(tmp_path / "alone", f"{RUNS}{show}")
    after, _ = python(tmp_path / "after", f"{RUNS}{first}{show}")
    assert json.loads(after) == json.loads(alone)

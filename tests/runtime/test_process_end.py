"""A process that has lost its peers ends without TensorFlow's shutdown, and loses no output."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("at_once", [False, True])
def test_a_process_ends_with_its_code_and_all_its_output(at_once):
    code = (
        "import atexit; from tfapp.runtime import process_end; "
        "atexit.register(lambda: print('shut down')); print('answer', end=''); "
        f"{'process_end.skip_shutdown(); ' if at_once else ''}process_end.leave(75)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 75
    assert done.stdout == ("answer" if at_once else "answershut down\n")

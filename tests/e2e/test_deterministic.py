"""--deterministic gives the same bits again, with XLA, with kernels and with both."""

import os
import subprocess
import sys

import pytest

from tests.conftest import HANG_SECONDS, ROOT

# In a process of its own: TensorFlow's determinism cannot be switched off again.
SCRIPT = """
import sys
import numpy as np
import tfapp

def weights(placement, name):
    result = tfapp.run(tfapp.Config(
        model_dir=f"{placement}-{name}", xla=placement, deterministic=True, steps=12,
        batch_size=64, model="tests.foreign_models:random", export=("none",),
    ))
    return [v.numpy() for v in result.model.variables]

for placement in sys.argv[1:]:
    first, second = weights(placement, 1), weights(placement, 2)
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True)), placement
print("the same")
"""


@pytest.mark.slow
def test_two_runs_give_the_same_bits(tmp_path):
    """Dropout, draws without a seed, convolutions and statistics included."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, "loop", "gradients", "off"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
    )
    assert done.stdout.endswith("the same\n"), done.stderr

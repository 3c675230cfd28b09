"""--mode=benchmark measures the given configuration, and keeps nothing."""

import json
import pathlib

import pytest

from tfapp.experiment import throughput


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(throughput, "_WINDOW_SECONDS", 0.02)
    monkeypatch.setattr(throughput, "_PEAK_SECONDS", 0.02)
    monkeypatch.setattr(throughput, "_PEAK_SIZE", {"CPU": 128})


def test_json(run_cli):
    done = run_cli(
        "--mode=benchmark", "--json", "--batch_size=16", "--xla=update", "--precision=float32"
    )
    assert done.code == 0, done.err
    result = json.loads(done.out)
    assert (result["xla"], result["batch_size"], result["replicas"]) == ("update", 16, 1)
    # Forward and two gradients of layers of 64x128 and 128x10; the first needs one gradient.
    assert result["flops_per_step"] == 2 * 16 * (2 * 64 * 128 + 3 * 128 * 10)
    rate = 16 / result["step_ms"] * 1000
    assert result["examples_per_second"] == pytest.approx(rate, rel=1e-2)
    assert result["fraction_of_peak"] > 0
    assert not pathlib.Path("runs").exists()


def test_table(run_cli):
    done = run_cli(
        "--mode=benchmark", "--xla=off", "--precision=float32", "--accumulate=2", "--engine=stream"
    )
    assert done.code == 0, done.err
    lines = dict(line.split(maxsplit=1) for line in done.out.splitlines())
    assert {"rate", "step", "work", "reached", "how"} <= set(lines)
    assert lines["how"] == "stream, xla off, float32, 1 replica(s)"

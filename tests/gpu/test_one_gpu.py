"""Runs of main.py on a GPU, against those on the CPU.

    python -m pytest -v -m slow -n 12 --dist=load tests/gpu

Skipped where there is no GPU. Each run is a process of its own that takes only the memory it needs,
so that several run at once. Products are made in full float32 where losses are compared.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.conftest import HANG_SECONDS, ROOT, outcome, start_main
from tests.distribution.processes import losses


def _gpus():
    listing = shutil.which("nvidia-smi")
    if not listing:
        return 0
    return subprocess.run([listing, "-L"], capture_output=True, text=True).stdout.count("GPU ")


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not _gpus(), reason="there is no GPU"),
]
SHORT = (
    "--model_dir=run", "--steps=60", "--batch_size=48", "--precision=float32", "--notf32",
    "--log_every=10", "--evaluate_every=20", "--early_stopping=0", "--export_weights=last",
    "--nocalibrate", "--writers=jsonl",
)  # fmt: skip
SPLIT = ("--devices=0", "--logical_devices=2", "--gpu_memory_limit=6000")


def visible(gpu):
    """Variables of a process that sees the GPU, of which it takes only what it needs, or none."""
    return {"CUDA_VISIBLE_DEVICES": "0" if gpu else "-1", "TF_FORCE_GPU_ALLOW_GROWTH": "true"}


@pytest.fixture
def start(tmp_path):
    """start(name, *flags, gpu=True): main.py in the folder `name`, with or without the GPU."""
    started = []

    def start_one(name, *flags, gpu=True):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        process = start_main(folder, *flags, environment=visible(gpu))
        started.append(process)
        return process

    yield start_one
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def run(start):
    """run(name, *flags, gpu=True): the `Outcome` of main.py, see `start`."""

    def run_one(name, *flags, **options):
        return outcome(start(name, *flags, **options))

    return run_one


def good(done):
    assert done.code == 0, done.err[-3000:]
    assert "Traceback" not in done.err
    return done


def summary(folder):
    return json.loads((folder / "run" / "summary.json").read_text())


def same(one, other, tolerance):
    assert one.keys() == other.keys() and one
    gaps = {key: abs(one[key] - other[key]) / abs(other[key]) for key in one}
    worst = max(gaps, key=gaps.get)
    assert gaps[worst] < tolerance, (worst, one[worst], other[worst])


def test_the_plain_command_uses_the_gpu(run, tmp_path):
    done = good(run("plain", "--model_dir=run", "--require_gpu"))
    assert "GPU" in done.out + done.err
    assert summary(tmp_path / "plain")["metrics"]["test"]["accuracy"] > 0.95
    asked = good(run("plain", "--mode=eval", "--model_dir=run"))
    assert "accuracy" in asked.out


def test_doctor_names_the_gpu_and_finds_nothing_wrong_with_it(run):
    done = good(run("doctor", "--mode=doctor", "--json", "--require_gpu"))
    report = json.loads(done.out)
    assert "GPU" in {device["kind"] for device in report["facts"]["tensorflow"]["devices"]}


@pytest.mark.parametrize("placement", ["loop", "step", "gradients", "update", "off"])
@pytest.mark.parametrize("engine", ["resident", "stream"])
def test_losses_are_those_of_the_cpu(run, tmp_path, placement, engine):
    if engine == "stream" and placement == "loop":
        pytest.skip("a stream feeds every step from the host")
    where = (f"--xla={placement}", f"--engine={engine}")
    good(run("gpu", *SHORT, *where, "--export=none"))
    good(run("cpu", *SHORT, "--xla=update", "--export=none", gpu=False))
    same(losses(tmp_path / "gpu" / "run"), losses(tmp_path / "cpu" / "run"), 2e-5)


RECIPES = {
    "convolutions": ("--model=cnn", "--optimizer=sgd", "--learning_rate=0.01"),
    "statistics": ("--model=resnet20", "--optimizer=sgd", "--learning_rate=2e-4"),
    "everything": (
        "--clip_norm=0.1", "--accumulate=2", "--ema=0.98", "--augment=crop:1",
        "--label_smoothing=0.1", "--class_weight=balanced", "--optimizer=adamw",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("placement", ["auto", "update"])
def test_recipes_give_the_losses_of_the_cpu(run, tmp_path, name, placement):
    flags = (*SHORT, *RECIPES[name], "--export=none")
    good(run("gpu", *flags, f"--xla={placement}"))
    good(run("cpu", *flags, "--xla=update", gpu=False))
    same(losses(tmp_path / "gpu" / "run"), losses(tmp_path / "cpu" / "run"), 5e-4)


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
@pytest.mark.parametrize("placement", ["auto", "off"])
def test_lower_precisions_learn_as_float32_does(run, tmp_path, precision, placement):
    flags = ("--model=cnn", "--export=none")
    good(run("low", *SHORT, *flags, f"--precision={precision}", f"--xla={placement}"))
    good(run("full", *SHORT, *flags))
    low, full = (losses(tmp_path / name / "run") for name in ("low", "full"))
    assert all(abs(low[key] - full[key]) < 0.1 for key in full), (low, full)


@pytest.mark.parametrize("collective", ["one", "hierarchical"])
@pytest.mark.parametrize("placement", ["gradients", "update", "off"])
def test_two_parts_of_a_gpu_mirror_one(run, tmp_path, collective, placement):
    where = (*SPLIT, f"--collective={collective}", f"--xla={placement}", "--export=none")
    mirrored = good(run("two", *SHORT, *where))
    assert "2 GPUs" in mirrored.out + mirrored.err
    good(run("one", *SHORT, "--xla=update", "--export=none"))
    same(losses(tmp_path / "two" / "run"), losses(tmp_path / "one" / "run"), 2e-5)


def test_shards_over_two_parts_give_the_losses_of_one(run, tmp_path):
    where = (*SPLIT, "--collective=one", "--shard_optimizer", "--export=none", "--xla=gradients")
    good(run("two", *SHORT, *where))
    good(run("one", *SHORT, "--xla=update", "--export=none"))
    same(losses(tmp_path / "two" / "run"), losses(tmp_path / "one" / "run"), 2e-5)


@pytest.mark.parametrize("engine", ["resident", "stream"])
def test_a_killed_run_goes_on_to_the_same_bits(start, run, tmp_path, engine):
    flags = (
        "--model_dir=run", "--steps=1500", "--batch_size=16", "--precision=float32",
        "--xla=update", "--log_every=100", "--evaluate_every=500", "--checkpoint_every=130",
        "--early_stopping=0",
        f"--engine={engine}", "--deterministic", "--export=none", "--model=cnn",
        "--optimizer=sgd", "--learning_rate=1e-3",
    )  # fmt: skip
    process = start("killed", *flags)
    metrics = tmp_path / "killed" / "run" / "metrics.jsonl"
    begin = time.monotonic()
    while not metrics.exists() or metrics.read_text().count("\n") < 3:
        assert process.poll() is None, process.communicate()[1][-2000:]
        assert time.monotonic() - begin < HANG_SECONDS
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    good(run("killed", *flags))
    good(run("whole", *flags))
    killed, whole = (losses(tmp_path / name / "run") for name in ("killed", "whole"))
    assert killed == whole


def test_the_export_answers_on_cpu_and_gpu_as_evaluation_measured(run, tmp_path):
    good(run("gpu", *SHORT, "--model=cnn"))
    exported = tmp_path / "gpu" / "run" / "export" / "1"
    script = (
        "import sys, numpy as np, tensorflow as tf\n"
        "from tfapp.data.sources import digits\n"
        "import pathlib\n"
        "images = np.load(pathlib.Path(digits.__file__).with_name('digits.npz'))['image'][:200]\n"
        "tf.config.experimental.enable_tensor_float_32_execution(False)\n"
        f"serve = tf.saved_model.load({str(exported)!r}).signatures['serving_default']\n"
        "np.save(sys.argv[1], serve(image=tf.constant(images))['probabilities'].numpy())\n"
    )
    answers = {}
    for name in ("gpu", "cpu"):
        path = tmp_path / f"{name}.npy"
        subprocess.run(
            [sys.executable, "-c", script, str(path)],
            cwd=ROOT,
            env={**os.environ, **visible(name == "gpu")},
            check=True,
            capture_output=True,
        )  # fmt: skip
        answers[name] = np.load(path)
    np.testing.assert_allclose(answers["gpu"], answers["cpu"], atol=1e-5)


def test_a_batch_without_room_is_one_line(run):
    flags = ("--dataset=synthetic:64x64x3:10:4096", "--model=resnet18", "--batch_size=4096",
             "--gpu_memory_limit=1500", "--steps=5", "--model_dir=run", "--export=none",
             "--precision=float32")  # fmt: skip
    done = run("large", *flags)
    assert done.code != 0
    assert "Traceback" not in done.err
    assert "--batch_size" in done.err.splitlines()[-1]


def test_auto_takes_a_batch_that_fits(run, tmp_path):
    flags = ("--dataset=synthetic:224x224x3:10:512", "--model=resnet18", "--gpu_memory_limit=1000",
             "--steps=3", "--model_dir=run", "--export=none", "--precision=float32")  # fmt: skip
    done = good(run("auto", *flags))
    assert "a step has no room in memory; trying" in done.err
    assert summary(tmp_path / "auto")["steps"] == 3


def test_benchmark_measures_the_gpu(run):
    done = good(run("bench", "--mode=benchmark", "--json", "--model=cnn", "--batch_size=64"))
    found = json.loads(done.out.splitlines()[-1])
    assert found["examples_per_second"] > 0
    assert found["device_peak_flops_per_second"] > 1e12

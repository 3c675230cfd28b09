"""Runs of the models for images: two steps, a resume, an export that answers."""

import itertools
import json
import os
import pathlib

import numpy as np
import pytest

import tfapp
from tests.models.tiny_images import TINY

MODELS = {
    **{name: [f"{key}={value}" for key, value in TINY[name].items()] for name in TINY},
    "keras:MobileNet": ["alpha=0.25"],
}
# Every family in either precision and number of devices; TFAPP_ALL_NETWORKS=1 has all of them.
CASES = [
    ("convnet", 0, "float32"), ("resnet18", 2, "bfloat16"), ("wide_resnet", 0, "bfloat16"),
    ("convnext_tiny", 2, "bfloat16"), ("vit_tiny", 2, "float32"),
]  # fmt: skip
if os.environ.get("TFAPP_ALL_NETWORKS"):
    CASES = list(itertools.product(MODELS, (0, 2), ("float32", "bfloat16")))


@pytest.mark.slow
@pytest.mark.parametrize("model, devices, precision", CASES)
def test_trains_resumes_exports_and_answers(run_cli, model, devices, precision):
    recipe = {
        "dataset": "synthetic:32x32x3:3:48", "model": model, "model_arg": MODELS[model],
        "model_dir": "run", "precision": precision, "batch_size": 8, "xla": "off",
        "logical_devices": devices, "schedule": "constant",
    }  # fmt: skip
    tfapp.run(tfapp.Config(**recipe, steps=2, export=("none",)))
    result = tfapp.run(tfapp.Config(**recipe, steps=4))
    assert result.steps == 4
    images = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), np.uint8)
    np.savez("images.npz", image=images)
    output = pathlib.Path("answers.jsonl")
    done = run_cli("--mode=predict", "--model_dir=run", "--input=images.npz", f"--output={output}")
    assert done.code == 0, done.err
    answers = [json.loads(line) for line in output.read_text().splitlines()]
    sums = [sum(answer["probabilities"].values()) for answer in answers]
    assert sums == pytest.approx([1] * 5, abs=1e-3)

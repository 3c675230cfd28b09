"""Runs of TabM: two steps, a resume, an export that answers what evaluation measured."""

import json
import pathlib

import numpy as np
import pytest

import tfapp

ROWS = 64


@pytest.fixture
def table(tmp_path):
    """A CSV file of a number with gaps, a category and a label that follows from both."""
    random = np.random.default_rng(0)
    size, town = random.normal(size=ROWS), random.choice(["Bern", "Zug"], ROWS)
    lines = ["size,town,price"]
    for i in range(ROWS):
        gap = "" if i % 9 == 0 else f"{size[i]:.3f}"
        lines.append(f"{gap},{town[i]},{100 + 10 * size[i] + 5 * (town[i] == 'Zug'):.2f}")
    path = tmp_path / "homes.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("devices", [0, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_trains_resumes_exports_and_answers(table, run_cli, devices, precision):
    recipe = {
        "dataset": f"csv:{table}", "label": "price", "model_dir": "run", "precision": precision,
        "model_arg": ("members=4", "width=8", "depth=1"), "batch_size": 8, "xla": "off",
        "logical_devices": devices, "schedule": "constant",
    }  # fmt: skip
    tfapp.run(tfapp.Config(**recipe, steps=2))
    result = tfapp.run(tfapp.Config(**recipe, steps=4))
    assert result.steps == 4
    output = pathlib.Path("answers.jsonl")
    done = run_cli("--mode=predict", "--model_dir=run", f"--input={table}", f"--output={output}")
    assert done.code == 0, done.err
    values = [json.loads(line)["value"] for line in output.read_text().splitlines()]
    assert len(values) == ROWS and 80 < np.mean(values) < 120
    assert json.loads(pathlib.Path("run/choices.json").read_text())["model"] == "tabm"

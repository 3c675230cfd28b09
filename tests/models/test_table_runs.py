"""Runs of every model of tables: two steps, a resume, an export that answers as evaluation did."""

import json
import pathlib

import numpy as np
import pytest

import tfapp
from tfapp.models import MODELS

ROWS = 64
TINY = {
    "tabm": ("members=4", "width=8", "depth=1"),
    "tabular": ("hidden=8", "depth=1"),
    "ft_transformer": ("width=8", "heads=2", "depth=1"),
    "wide_deep": ("hidden=8,4", "category_width=3"),
    "dcn_v2": ("hidden=8,", "rank=2"),
    "linear": ("crosses=1",),
}


def of_tables():
    """The presets whose reference inputs are columns."""
    kinds = {name: {spec.kind for spec in MODELS.get(name).inputs} for name in MODELS.names()}
    return [name for name, found in kinds.items() if "ids" in found]


def test_every_model_of_tables_is_tried():
    assert set(of_tables()) == set(TINY)


@pytest.fixture
def table(tmp_path):
    """A CSV file of a number with gaps, two categories and a label that follows from them."""
    random = np.random.default_rng(0)
    size, town = random.normal(size=ROWS), random.choice(["Bern", "Zug"], ROWS)
    lines = ["size,town,kind,price"]
    for i in range(ROWS):
        gap = "" if i % 9 == 0 else f"{size[i]:.3f}"
        price = 100 + 10 * size[i] + 5 * (town[i] == "Zug")
        lines.append(f"{gap},{town[i]},{'abc'[i % 3]},{price:.2f}")
    path = tmp_path / "homes.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


SLOW = pytest.mark.slow
FAST = {("tabm", 0), ("ft_transformer", 0), ("linear", 2)}
# Each model on one device and on two, in float32 and in bfloat16.
RUNS = [
    pytest.param(model, devices, precision, marks=() if (model, devices) in FAST else SLOW)
    for model in TINY
    for devices, precision in ((0, "float32"), (2, "bfloat16"))
]


@pytest.mark.parametrize("model, devices, precision", RUNS)
def test_trains_resumes_exports_and_answers(table, run_cli, model, devices, precision):
    recipe = {
        "dataset": f"csv:{table}", "label": "price", "model_dir": "run", "precision": precision,
        "model": model, "model_arg": TINY[model], "batch_size": 8, "xla": "off",
        "logical_devices": devices, "schedule": "constant",
    }  # fmt: skip
    tfapp.run(tfapp.Config(**recipe, steps=2, export=("none",)))
    result = tfapp.run(tfapp.Config(**recipe, steps=4))
    assert result.steps == 4
    output = pathlib.Path("answers.jsonl")
    done = run_cli("--mode=predict", "--model_dir=run", f"--input={table}", f"--output={output}")
    assert done.code == 0, done.err
    values = [json.loads(line)["value"] for line in output.read_text().splitlines()]
    assert len(values) == ROWS and 80 < np.mean(values) < 120

"""Runs of the models of texts: two steps, a resume, an export that answers."""

import itertools
import json
import os
import pathlib

import numpy as np
import pytest

import tfapp

TINY = ("width=8", "depth=1", "heads=2")
ENCODERS = ("encoders=2", "width=4", "filters=4")
# Every model in either precision and number of devices; TFAPP_ALL_NETWORKS=1 has all of them.
CASES = [
    ("gpt", TINY, "text", 2, "float32"),
    ("gpt", TINY, "text", 0, "bfloat16"),
    ("transformer", TINY, "csv", 2, "bfloat16"),
    ("text_ensemble", ENCODERS, "csv", 0, "float32"),
]
if os.environ.get("TFAPP_ALL_NETWORKS"):
    NAMES = (
        ("gpt", TINY, "text"),
        ("transformer", TINY, "csv"),
        ("text_ensemble", ENCODERS, "csv"),
    )
    CASES = [
        (*name, *where)
        for name, *where in itertools.product(NAMES, (0, 2), ("float32", "bfloat16"))
    ]


@pytest.fixture
def files():
    """One long text, and a table of short ones with a class each."""
    random = np.random.default_rng(0)
    words = ["green", "blue", "old", "new", "house", "boat"]
    texts = [" ".join(random.choice(words, 4)) for _ in range(60)]
    pathlib.Path("plays.txt").write_text(" ".join(texts * 4))
    lines = ["note,y", *(f"{text},{'ab'['old' in text]}" for text in texts)]
    pathlib.Path("notes.csv").write_text("\n".join(lines) + "\n")
    return {
        "text": {"dataset": "text:plays.txt", "text_length": 16},
        "csv": {"dataset": "csv:notes.csv", "label": "y", "feature_kind": ("note:text",)},
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    "name, arguments, kind, devices, precision",
    CASES,
)
def test_trains_resumes_exports_and_answers(
    files, run_cli, name, arguments, kind, devices, precision
):
    recipe = {
        **files[kind], "model": name, "model_arg": arguments, "model_dir": "run", "batch_size": 8,
        "precision": precision, "logical_devices": devices, "xla": "off", "schedule": "constant",
        "writers": ("jsonl",),
    }  # fmt: skip
    tfapp.run(tfapp.Config(**recipe, steps=2))
    result = tfapp.run(tfapp.Config(**recipe, steps=4))
    assert result.steps == 4
    pathlib.Path("asked.txt").write_text("old house\nnew boat\n")
    done = run_cli(
        "--mode=predict", "--model_dir=run", "--input=asked.txt", "--output=answers.jsonl"
    )
    assert done.code == 0, done.err
    answers = [json.loads(line) for line in pathlib.Path("answers.jsonl").read_text().splitlines()]
    assert len(answers) == 2
    for answer in answers:
        found = answer["probabilities"]
        values = found.values() if isinstance(found, dict) else found
        assert sum(values) == pytest.approx(1, abs=1e-2)

"""Writes docs/models.md: parameters, operations and speed of every preset, and the recipes.

    python benchmarks/models_page.py [--only=convnet,resnet18]

Run it on an idle machine; all of it takes about ten minutes on two cores. The rows of models that
are not among --only stay as they are in the page, and those of presets that are gone are dropped.
"""

import json
import math
import pathlib
import random
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import command_line

from tfapp.models.presets import PRESETS
from tfapp.spec import IMAGES, TABLE, VECTORS, LabelSpec, kind_of_data

ROOT = pathlib.Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "models.md"
_STEP_FLOPS = 2e11  # about a second or two of two cores
_MOST, _EXAMPLES = 128, 256
_WORDS = ("red", "green", "blue", "early", "late", "north", "south", "one", "two", "three")
HEAD = """\
# Models

Written by `python benchmarks/models_page.py`, from
[presets.py](../tfapp/models/presets.py) and measurements.

*Parameters* are trainable weights with the reference input and outputs; a test pins them. *Forward*
is the operations of one example of the reference input, a multiply-add counted as two. *Trained on*
is what the speed was measured with: a step of training, its optimizer and its input included, in
float32 with XLA for the update alone, without augmentation; a batch is as large as takes about a
second, at most 128. {machine}

`--model_arg=NAME=VALUE` changes a model; the arguments are listed in the docstring of its class.
In addition, `--model=keras:NAME` is any network of
[keras.applications](https://keras.io/api/applications/), from random weights and with its own
preprocessing inside: it gets the pixels of the data, from 0 to 255 (values that are no bytes are
scaled from their range on train), and grey images as three equal channels. `--model=FILE.py:Name`
is your own.

| model | reference input | parameters | forward | trained on | examples/s | source |
| --- | --- | ---: | ---: | --- | ---: | --- |
"""
RECIPES = """
## Recipes

| recipe | command | result |
| --- | --- | --- |
"""


def main():
    parser = command_line.Parser(__doc__)
    parser.add_argument(
        "--only", type=command_line.names_of(PRESETS), default="",
        help="comma-separated models to measure; all by default",
    )  # fmt: skip
    parser.add_argument(
        "--machine", default="Measured on two cores of an AMD EPYC with AVX-512 and bfloat16 "
        "products, without AMX.", help="a sentence that names the machine",
    )  # fmt: skip
    flags = parser.parse_args()
    from tfapp.runtime.import_tensorflow import import_tensorflow

    import_tensorflow()
    rows = rows_of(PAGE.read_text()) if PAGE.exists() else {}
    for name in flags.only or PRESETS:
        rows[name] = row(PRESETS[name])
        print(rows[name], file=sys.stderr, flush=True)
        PAGE.write_text(page(rows, flags.machine))
    PAGE.write_text(page(rows, flags.machine))


def page(rows, machine):
    """The page, from name of a model -> its line."""
    lines = [f"{rows[name]}\n" for name in PRESETS if name in rows]
    recipes = [recipe(path) for path in sorted((ROOT / "recipes").glob("*.flags"))]
    return "".join([HEAD.format(machine=machine), *lines, RECIPES, *recipes])


def rows_of(text):
    """Name of a model -> its line in a page."""
    found = re.findall(r"^\| `(\w+)` \|.*$", text, re.M)
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    return dict(zip(found, lines, strict=True))


def row(preset):
    """The line of a preset, measured now."""
    shapes = ", ".join("x".join(map(str, spec.shape)) or "1" for spec in preset.inputs)
    kinds = {spec.kind for spec in preset.inputs}
    inputs = f"{shapes} ({' and '.join(sorted(kinds))}), {preset.outputs} outputs"
    forward = forward_flops(preset)
    trained_on, speed = measure(preset, forward)
    return (
        f"| `{preset.name}` | {inputs} | {preset.parameters:,} | {_operations(forward)} | "
        f"{trained_on} | {speed:,.0f} | {preset.source} |"
    )


def forward_flops(preset):
    """Operations of one example of the reference input."""
    import tensorflow as tf

    from tfapp.models import build_model
    from tfapp.training.flops import count_flops

    model = build_model(preset.name, {}, outputs=preset.outputs, inputs=preset.inputs)
    zeros = {spec.name: tf.zeros((1, *spec.shape), spec.dtype) for spec in preset.inputs}
    specs = {name: tf.TensorSpec(value.shape, value.dtype) for name, value in zeros.items()}

    def call(values):
        return model(values if len(values) > 1 else next(iter(values.values())), training=False)

    call(zeros)
    return count_flops(call, specs)


def measure(preset, forward):
    """(what it was trained on, examples per second)."""
    wanted = _STEP_FLOPS / (3 * max(forward, 1))
    batch_size = int(min(max(2 ** math.floor(math.log2(wanted)), 2), _MOST))
    kind = kind_of_data(preset.inputs, LabelSpec("label", "class", 2))
    with tempfile.TemporaryDirectory() as folder:
        for name, *flags in datasets(kind, preset, pathlib.Path(folder)):
            command = [
                sys.executable, str(ROOT / "main.py"), "--mode=benchmark", "--json",
                f"--model={preset.name}", f"--batch_size={batch_size}", "--xla=update",
                "--precision=float32", "--augment=none", *flags,
            ]  # fmt: skip
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if not done.returncode:
                speed = json.loads(done.stdout)["examples_per_second"]
                return f"{name}, batches of {batch_size}", speed
    return sys.exit(f"{preset.name}: {(done.stderr.splitlines() or ['it failed'])[-1]}")


def datasets(kind, preset, folder):
    """[words, *flags] of what a model of these inputs may be trained on, to be tried in turn."""
    draw = random.Random(0)
    if kind in (IMAGES, VECTORS):
        shape, classes = "x".join(map(str, preset.inputs[0].shape)), preset.outputs
        return [(shape, f"--dataset=synthetic:{shape}:{classes}:{max(_EXAMPLES, 3 * classes)}")]
    labels = [i % 3 for i in range(4 * _EXAMPLES)]
    texts = [" ".join(draw.choices(_WORDS, k=40)) for _ in labels]
    if kind == TABLE:
        header = [f"number_{i}" for i in range(8)] + [f"word_{i}" for i in range(4)]
        rows = [
            [f"{draw.gauss(label, 1):.3f}" for _ in range(8)] + draw.choices(_WORDS, k=4)
            for label in labels
        ]
    else:
        header, rows = ["text"], [[text] for text in texts]
    table, text = folder / "table.csv", folder / "text.txt"
    lines = [",".join([*row, f"class {label}"]) for row, label in zip(rows, labels, strict=True)]
    table.write_text("\n".join([",".join([*header, "label"]), *lines]))
    text.write_text(" ".join(texts))
    if kind == TABLE:
        return [("8 numbers, 4 categories", f"--dataset=csv:{table}", "--label=label")]
    length = "--text_length=64"
    return [
        ("texts of 64 tokens", f"--dataset=csv:{table}", "--label=label", length,
         "--feature_kind=text:text"),
        ("windows of 64 characters", f"--dataset=text:{text}", length),
    ]  # fmt: skip


def recipe(path):
    """The line of a recipe, from the comments at its head."""
    head = [line[1:].strip() for line in path.read_text().splitlines() if line.startswith("#")]
    command = next(line for line in head if line.startswith("python main.py"))
    result = " ".join(head).partition("Result:")[2].strip()
    return f"| [{path.stem}](../recipes/{path.name}) | `{command}` | {result} |\n"


def _operations(flops):
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if flops >= size:
            return f"{flops / size:.3g} {unit}FLOP"
    return f"{flops} FLOP"


if __name__ == "__main__":
    main()

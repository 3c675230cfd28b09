"""--mode=predict on an export whose features have names that are no Python identifiers."""

import csv
import json
import pathlib

import numpy as np
import pytest

import tfapp

COLUMNS = ["a b", "a_b", "größe", "1stFlr", "self", "class", "A_B", ""]


@pytest.fixture
def table():
    """people.csv: `COLUMNS`, and a label that depends on the first of them."""
    random = np.random.default_rng(0)
    with open("people.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*COLUMNS, "label"])
        for _ in range(120):
            numbers = [f"{v:.3f}" for v in random.normal(size=len(COLUMNS) - 2)]
            town = random.choice(["Bern", "Zug"])
            row = [numbers[0], *numbers[1:2], town, *numbers[2:], f"{random.random():.3f}"]
            writer.writerow([*row, "yes" if float(numbers[0]) > 0 else "no"])
    return "people.csv"


def test_columns_of_any_name_are_trained_exported_and_predicted(run_cli, table):
    result = tfapp.run(
        tfapp.Config(
            dataset=f"csv:{table}", label="label", model_dir="run", steps=2, batch_size=16,
            xla="off", precision="float32",
        )
    )  # fmt: skip
    arguments = json.loads(
        pathlib.Path(result.export_dir, "assets.extra", "arguments.json").read_text("utf-8")
    )
    assert list(arguments) == COLUMNS
    assert arguments["a_b"] == "a_b"
    answers = _predict(run_cli, table, "out.jsonl")
    assert len(answers) == 120
    with open(table, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    numbers = [{n: v if n == "größe" else float(v) for n, v in row.items() if n != "label"}
               for row in rows]  # fmt: skip
    pathlib.Path("rows.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in numbers), encoding="utf-8"
    )
    others = _predict(run_cli, "rows.jsonl", "others.jsonl")
    assert [a["probabilities"] for a in others] == [a["probabilities"] for a in answers]
    # The two columns whose names differ only in a space are not confused.
    swapped = [{**row, "a b": row["a_b"], "a_b": row["a b"]} for row in numbers]
    pathlib.Path("swapped.jsonl").write_text("".join(json.dumps(row) + "\n" for row in swapped))
    changed = _predict(run_cli, "swapped.jsonl", "changed.jsonl")
    assert [a["probabilities"] for a in changed] != [a["probabilities"] for a in answers]


def test_a_missing_column_has_the_users_name_in_the_message(run_cli, table):
    tfapp.run(
        tfapp.Config(
            dataset=f"csv:{table}", label="label", features=("a b", "größe"), model_dir="run",
            steps=2, batch_size=16, xla="off", precision="float32",
        )
    )  # fmt: skip
    pathlib.Path("short.csv").write_text("größe\nZug\n", encoding="utf-8")
    done = run_cli("--mode=predict", "--model_dir=run", "--input=short.csv", "--output=o.csv")
    assert done.code == 3
    assert "--input=short.csv: has no column 'a b'" in done.err


def _predict(run_cli, path, output):
    done = run_cli("--mode=predict", "--model_dir=run", f"--input={path}", f"--output={output}")
    assert done.code == 0, done.err
    return [json.loads(line) for line in pathlib.Path(output).read_text().splitlines()]

"""--mode=predict on tables that are written as people write them."""

import json
import os
import pathlib

import pytest

import tfapp
from tfapp.errors import DataError
from tfapp.modes.predict.csv import csv_reader


def train():
    """The folder of a run on people.csv: latin-1, semicolons, decimal commas, codes."""
    rows = [
        f"{i}.000,5;{('Zürich', 'Köln', 'Bern')[i % 3]};{'AB'[i % 2]}{i % 5:02};{'jn'[i % 2]}"
        for i in range(1, 90)
    ]
    text = "\n".join(["größe;ort;code;label", *rows]) + "\n"
    pathlib.Path("people.csv").write_bytes(text.encode("latin-1"))
    tfapp.run(
        tfapp.Config(
            dataset="people.csv", model_dir="run", steps=4, batch_size=16, xla="off",
            precision="float32", missing_values=("Bern",),
        )
    )  # fmt: skip
    return "run"


def predict(run_cli, folder, path):
    output = f"{path}-{os.urandom(4).hex()}.jsonl"
    done = run_cli("--mode=predict", f"--model_dir={folder}", f"--input={path}",
                   f"--output={output}")  # fmt: skip
    assert done.code == 0, done.err
    lines = pathlib.Path(output).read_text().splitlines()
    return [json.loads(line)["probabilities"] for line in lines]


def test_a_table_is_read_as_the_one_that_was_trained_on(run_cli):
    run = train()
    rows = [
        {"größe": 1234, "ort": "Zürich", "code": "01"},
        {"größe": 7.5, "ort": "", "code": "B02"},
    ]
    pathlib.Path("rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    expected = predict(run_cli, run, "rows.jsonl")
    assert expected[0] != expected[1]
    # Read by itself, 1.234 is less than two; and what --missing_values named is missing here too.
    new = "größe;ort;code\n1.234;Zürich;01\n7,5;Bern;B02\n"
    pathlib.Path("new.csv").write_bytes(new.encode("utf-16"))
    assert predict(run_cli, run, "new.csv") == expected
    pathlib.Path("plain.csv").write_text("code,größe,ort\n01,1234,Zürich\nB02,7.5,Bern\n")
    assert predict(run_cli, run, "plain.csv") == expected
    pathlib.Path("run/data.json").unlink()  # as in a run that an older tfapp began
    assert predict(run_cli, run, "plain.csv")


@pytest.mark.parametrize("text", ['{"reading": {"dialect": 3}}', "[]", '{"reading": 3}'])
def test_a_damaged_description_of_the_data_is_named(text):
    pathlib.Path("run").mkdir()
    pathlib.Path("run/data.json").write_text(text)
    config = tfapp.Config(mode="predict", model_dir="run", input="a.csv", output="b.csv")
    with pytest.raises(DataError, match=r"run/data.json: .* \(.*\); remove it, and "):
        csv_reader(config)

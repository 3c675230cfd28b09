"""--keep_columns, and the names of classes in the answers."""

import csv
import json
import pathlib
import shutil

import numpy as np
import pandas as pd
import pytest

import tfapp

COLUMNS = ("customer_id", "size", "town", "seen")


def table(rows=90):
    """Ids with leading zeros, a number that decides the class, and a column that is not learnt."""
    sizes = np.linspace(-1, 1, rows).round(3)
    return pd.DataFrame(
        {
            "customer_id": [f"{i:04}" for i in range(rows)],
            "size": sizes,
            "town": ["Bern", "Zug"] * (rows // 2),
            "seen": [f"1.5{i % 10}0" for i in range(rows)],
            "label": np.where(sizes > 0, "a big one", "small"),
        }
    )


@pytest.fixture(scope="module")
def model_dir(tmp_path_factory):
    """A run that takes size and town."""
    folder = tmp_path_factory.mktemp("kept") / "run"
    tfapp.run(
        tfapp.Config(
            dataset=table(), features=("size", "town"), model_dir=str(folder), steps=2,
            batch_size=16, xla="off", precision="float32",
        )
    )  # fmt: skip
    return folder


@pytest.fixture
def predict(run_cli, model_dir):
    """predict(input, output, *flags): the `Outcome` of --mode=predict."""

    def run(path, output, *flags):
        return run_cli(
            "--mode=predict", f"--model_dir={model_dir}", f"--input={path}", f"--output={output}",
            *flags,
        )  # fmt: skip

    return run


def write(ending):
    """The table without its label, as a file."""
    rows = table().drop(columns="label")
    if ending == "csv":
        rows.to_csv("in.csv", index=False)
    elif ending == "parquet":
        rows.to_parquet("in.parquet")
    elif ending == "jsonl":
        rows.to_json("in.jsonl", orient="records", lines=True)
    else:
        np.savez("in.npz", **{n: rows[n].to_numpy(dtype=(rows[n].dtype.kind == "f" and "f8") or "U")
                              for n in rows})  # fmt: skip
    return f"in.{ending}"


def read(path):
    """Rows of an output of any format, as strings."""
    if path.endswith(".csv"):
        with open(path, newline="") as file:
            return list(csv.DictReader(file))
    if path.endswith(".jsonl"):
        return [json.loads(line) for line in pathlib.Path(path).read_text().splitlines()]
    with np.load(path, allow_pickle=False) as found:
        arrays = {name: found[name].tolist() for name in found.files}
    return [dict(zip(arrays, row, strict=True)) for row in zip(*arrays.values(), strict=True)]


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl", "npz"])
@pytest.mark.parametrize("output", ["out.csv", "out.jsonl", "out.npz"])
def test_columns_are_copied_as_they_are_written(predict, ending, output):
    done = predict(write(ending), output, "--keep_columns=seen,customer_id")
    assert done.code == 0, done.err
    rows, expected = read(output), table()
    assert list(rows[0])[:3] == ["input", "customer_id", "seen"]
    for name in ("customer_id", "seen"):
        assert [row[name] for row in rows] == expected[name].tolist()


def test_ids_are_kept_by_default_and_columns_of_the_model_are_not(predict):
    done = predict(write("csv"), "out.csv")
    assert done.code == 0, done.err
    answers = ["class_id", "class_name", "probability_a big one", "probability_small"]
    assert list(read("out.csv")[0]) == ["input", "customer_id", *answers]
    assert predict("in.csv", "none.csv", "--keep_columns=none").code == 0
    assert list(read("none.csv")[0]) == ["input", *answers]
    assert predict("in.csv", "all.csv", "--keep_columns=all").code == 0
    assert list(read("all.csv")[0])[1:5] == list(COLUMNS)


def test_probabilities_are_named_by_class_and_add_up(predict):
    assert predict(write("csv"), "out.jsonl").code == 0
    assert predict("in.csv", "out.csv").code == 0
    for row, flat in zip(read("out.jsonl"), read("out.csv"), strict=True):
        assert list(row["probabilities"]) == ["a big one", "small"]
        assert sum(row["probabilities"].values()) == pytest.approx(1, abs=1e-6)
        assert max(row["probabilities"], key=row["probabilities"].get) == row["class_name"]
        for name, value in row["probabilities"].items():
            assert float(flat[f"probability_{name}"]) == pytest.approx(value, rel=1e-6)


def test_an_export_without_names_of_classes_gives_numbered_ones(run_cli, old_export):
    pathlib.Path("in.csv").write_text("size,town\n0.5,Bern\n")
    for output in ("out.csv", "out.jsonl"):
        done = run_cli(
            "--mode=predict", f"--model_dir={old_export}", "--input=in.csv", f"--output={output}"
        )
        assert done.code == 0, done.err
    assert list(read("out.csv")[0])[3:] == ["probabilities_0", "probabilities_1"]
    assert len(read("out.jsonl")[0]["probabilities"]) == 2


@pytest.fixture
def old_export(model_dir, tmp_path):
    """A copy of the run, as tfapp 0.1 would have exported it."""
    shutil.copytree(model_dir, tmp_path / "old")
    (tmp_path / "old/export/1/assets.extra/class_names.json").unlink()
    return tmp_path / "old"


@pytest.mark.parametrize(
    "content, flags, message",
    [
        ("size,town,seen\n1,Bern,2\n", ("--keep_columns=sen",),
         "--keep_columns=sen: --input=in.csv has no such column; did you mean 'seen'?"),
        ("size,town,class_id\n1,Bern,2\n", ("--keep_columns=all",),
         "--keep_columns=class_id: is the name of an answer too"),
        ("size,town,probability_small\n1,Bern,2\n", ("--keep_columns=probability_small",),
         "--keep_columns=probability_small: is the name of an answer too"),
        ("size,town,input\n1,Bern,2\n", ("--keep_columns=input",),
         "--keep_columns=input: is the name of an answer too"),
    ],
)  # fmt: skip
def test_columns_that_cannot_be_kept_are_refused(predict, content, flags, message):
    pathlib.Path("in.csv").write_text(content)
    done = predict("in.csv", "out.csv", *flags)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert message in done.err
    assert not pathlib.Path("out.csv").exists()


def test_a_file_that_appears_meanwhile_is_not_replaced(predict, monkeypatch):
    path = write("csv")
    monkeypatch.setattr("tfapp.modes.predict.main.check_output", lambda _: None)
    pathlib.Path("out.csv").write_text("answers of last week")
    done = predict(path, "out.csv")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "--output=out.csv: exists already" in done.err
    assert pathlib.Path("out.csv").read_text() == "answers of last week"

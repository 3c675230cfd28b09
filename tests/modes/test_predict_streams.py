"""--mode=predict piece by piece: any size, any number of devices, continued where it was killed."""

import contextlib
import csv
import fcntl
import json
import os
import pathlib
import random
import shutil
import subprocess
import time

import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest

from tests.kills import Killed
from tfapp.export.served_model import ServedModel
from tfapp.modes.predict import main as predict_main
from tfapp.modes.predict import partial

ROWS = 700


@pytest.fixture
def small_pieces(monkeypatch):
    """Pieces and batches of few rows, and a record of progress after each."""
    monkeypatch.setattr("tfapp.data.tables.csv_pieces.BLOCK", 512)
    monkeypatch.setattr("tfapp.data.tables.read_parquet._ROWS", 37)
    monkeypatch.setattr("tfapp.modes.predict.lines._ROWS", 29)
    monkeypatch.setattr("tfapp.modes.predict.arrays._ROWS", 41)
    monkeypatch.setattr(predict_main, "_LARGEST", 64)
    monkeypatch.setattr(partial, "_SECONDS", 0.0)


def table():
    """Ids with leading zeros, sizes that are whole numbers at first, and towns over two lines."""
    sizes = [str(i) if i < 300 else f"{i}.5" for i in range(ROWS)]
    towns = ["Bern", "Zug", 'a "b"\nc, d', ""]
    return pd.DataFrame({"id": [f"{i:05}" for i in range(ROWS)], "size": sizes,
                         "town": [towns[i % 4] for i in range(ROWS)]})  # fmt: skip


def write(ending):
    """The table as a file."""
    rows, numbers = table(), table().assign(size=table()["size"].astype(float))
    if ending == "csv":
        rows.to_csv("in.csv", index=False)
    elif ending == "parquet":
        numbers.to_parquet("in.parquet", row_group_size=100)
    elif ending == "jsonl":
        numbers.to_json("in.jsonl", orient="records", lines=True)
    else:
        np.savez("in.npz", **{n: numbers[n].to_numpy(dtype="f8" if n == "size" else "U")
                              for n in numbers})  # fmt: skip
    return f"in.{ending}"


@pytest.fixture
def predict(run_cli, sizes_export):
    """predict(input, output, *flags): the `Outcome` of --mode=predict."""

    def run(path, output, *flags, model=sizes_export):
        return run_cli("--mode=predict", f"--model_dir={model}", f"--input={path}",
                       f"--output={output}", *flags)  # fmt: skip

    return run


def rows_of(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl", "npz"])
def test_every_row_of_every_format_is_answered_in_its_order(predict, small_pieces, ending):
    done = predict(write(ending), "out.csv", "--keep_columns=all")
    assert (done.code, done.out) == (0, f"{ROWS} answers in out.csv\n"), done.err
    expected, found = table(), rows_of("out.csv")
    assert [row["id"] for row in found] == expected["id"].tolist()
    assert [row["town"] for row in found] == expected["town"].tolist()
    assert [row["word"] for row in found] == [t.upper() for t in expected["town"]]
    assert [float(row["value"]) for row in found] == (2 * expected["size"].astype(float)).tolist()
    first = 0 if ending == "npz" else 1
    assert [row["input"] for row in found] == [str(i + first) for i in range(ROWS)]
    if ending == "csv":
        assert [row["size"] for row in found] == expected["size"].tolist()
    assert f"rows {ROWS}" in done.err
    assert "examples/s" in done.err
    assert sorted(p.name for p in pathlib.Path().iterdir()) == [f"in.{ending}", "out.csv"]


@pytest.fixture
def kill_after(monkeypatch):
    """kill_after(rows): the next prediction dies once it has written more than so many."""

    def arrange(rows):
        append = partial.PartialOutput.append

        def append_or_die(self, data, count):
            append(self, data, count)
            if self.rows > rows:
                monkeypatch.setattr(partial.PartialOutput, "append", append)
                raise Killed

        monkeypatch.setattr(partial.PartialOutput, "append", append_or_die)

    return arrange


def same_rows(one, other):
    if one.endswith((".csv", ".jsonl")):
        return pathlib.Path(one).read_bytes() == pathlib.Path(other).read_bytes()
    if one.endswith(".parquet"):
        return pyarrow.parquet.read_table(one).equals(pyarrow.parquet.read_table(other))
    with np.load(one) as a, np.load(other) as b:
        return a.files == b.files and all(np.array_equal(a[n], b[n]) for n in a.files)


@pytest.mark.parametrize("ending, suffix", [("csv", ".csv"), ("jsonl", ".jsonl"),
                                            ("csv", ".parquet"),
                                            pytest.param("npz", ".npz", marks=pytest.mark.slow),
                                            pytest.param("parquet", ".parquet",
                                                         marks=pytest.mark.slow)])  # fmt: skip
def test_a_killed_prediction_continues(predict, small_pieces, kill_after, ending, suffix):
    path = write(ending)
    assert predict(path, f"whole{suffix}").code == 0
    for rows in (0, 600):
        kill_after(rows)
        with pytest.raises(Killed):
            predict(path, f"out{suffix}")
        assert not pathlib.Path(f"out{suffix}").exists()
        with open(f"out{suffix}.partial", "ab") as file:
            file.write(b"half a r")  # which the record of progress does not count
    done = predict(path, f"out{suffix}")
    assert done.code == 0, done.err
    assert "predict: continues after row 640" in done.err
    assert same_rows(f"out{suffix}", f"whole{suffix}")
    assert not list(pathlib.Path().glob("*.p*ar*t*i*al")) + list(pathlib.Path().glob("*.progress"))


def change_input():
    text = pathlib.Path("in.csv").read_text()
    pathlib.Path("in.csv").write_text(f"{text}9,9,Bern\n")


@pytest.mark.parametrize(
    "change, flags, message",
    [
        (change_input, (), "was begun with another --input, or the file has changed since"),
        (lambda: shutil.copytree("run/export/1", "run/export/2"), (), "with another model"),
        (lambda: None, ("--keep_columns=none",), "was begun with other flags"),
        (lambda: pathlib.Path("out.csv.progress").write_text("{"), (), "out.csv.progress is not"),
        (lambda: pathlib.Path("out.csv.partial").write_text("inp"), (), "out.csv.partial was cut"),
    ],
)
def test_what_has_changed_since_is_not_continued(
    predict, small_pieces, kill_after, sizes_export, change, flags, message
):
    shutil.copytree(sizes_export, "run")
    kill_after(100)
    with pytest.raises(Killed):
        predict(write("csv"), "out.csv", model="run")
    change()
    there = pathlib.Path("out.csv.partial").read_bytes()
    done = predict("in.csv", "out.csv", *flags, model="run")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "tfapp: --output=out.csv: " in done.err
    assert message in done.err
    assert "remove it and out.csv.progress to begin again" in done.err
    assert pathlib.Path("out.csv.partial").read_bytes() == there


def test_an_input_that_changes_while_it_is_read_is_refused(predict, small_pieces, monkeypatch):
    path, append = write("jsonl"), partial.PartialOutput.append

    def append_and_change(self, data, count):
        append(self, data, count)
        os.utime(path, (self.rows, self.rows))

    monkeypatch.setattr(partial.PartialOutput, "append", append_and_change)
    done = predict(path, "out.csv")
    assert done.code == 3
    assert "--input=in.jsonl: has changed while it was read" in done.err
    assert [p.name for p in pathlib.Path().iterdir()] == [path]


def test_a_users_own_file_is_left_alone(predict):
    pathlib.Path("out.csv.partial").write_text("mine")
    done = predict(write("csv"), "out.csv")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "out.csv.partial is there, and not known to be of this command" in done.err
    assert pathlib.Path("out.csv.partial").read_text() == "mine"


def test_two_processes_do_not_write_the_same_file(predict, small_pieces, kill_after):
    kill_after(100)
    with pytest.raises(Killed):
        predict(write("csv"), "out.csv")
    with open("out.csv.partial", "ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        done = predict("in.csv", "out.csv")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "--output=out.csv: another process is writing it" in done.err


@pytest.mark.parametrize(
    "ending, bad, message",
    [
        ("csv", "9,many,Bern", "in.csv, row 701: 'size' is 'many', not a number"),
        ("csv", "9,9,Bern,Zug", "in.csv, row 701: has 4 fields, not 3"),
        ("jsonl", '{"size": 3}', 'in.jsonl, line 701: has no "town"'),
    ],
)
def test_a_bad_row_far_down_is_named_and_nothing_is_left(
    predict, small_pieces, ending, bad, message
):
    path = write(ending)
    with open(path, "a") as file:
        file.write(f"{bad}\n")
    done = predict(path, "out.csv")
    assert done.code == 3
    assert done.err.splitlines()[-1] == f"tfapp: {message}"
    assert [p.name for p in pathlib.Path().iterdir()] == [path]


def test_devices_share_the_batches_and_all_have_one_shape(predict, small_pieces, monkeypatch):
    shapes, answer = {}, ServedModel.answer

    def watched(self, features):
        shapes.setdefault(id(self), []).append(len(features["size"]))
        return answer(self, features)

    monkeypatch.setattr(ServedModel, "answer", watched)
    path = write("csv")
    assert predict(path, "one.jsonl").code == 0
    assert list(shapes.values()) == [[64] * 11]
    shapes.clear()
    done = predict(path, "two.jsonl", "--logical_devices=2")
    assert done.code == 0, done.err
    assert sorted(shapes.values()) == [[64] * 5, [64] * 6]
    assert same_rows("two.jsonl", "one.jsonl")


def test_parquet_has_the_types_of_the_answers(predict):
    assert predict(write("parquet"), "out.parquet").code == 0
    found = pyarrow.parquet.read_table("out.parquet")
    assert {field.name: str(field.type) for field in found.schema} == {
        "input": "string", "id": "string", "probabilities_0": "float", "probabilities_1": "float",
        "probabilities_2": "float", "value": "float", "word": "string",
    }  # fmt: skip


def test_values_of_several_types_are_refused_in_parquet(predict, small_pieces):
    rows = [{"size": i, "town": "", "id": i if i < 200 else "x"} for i in range(300)]
    pathlib.Path("in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = predict("in.jsonl", "out.parquet")
    assert done.code == 3
    assert "--keep_columns=id: its values around row 193 are not of one type" in done.err
    assert predict("in.jsonl", "out.csv").code == 0


def test_arrays_in_fortrans_order_and_compressed_ones(predict, small_pieces):
    sizes = np.arange(100, dtype="f4")
    pairs = np.asfortranarray(np.stack([sizes, -sizes], -1))
    np.savez_compressed("in.npz", size=sizes, town=np.full(100, "Bern"), pair=pairs)
    assert predict("in.npz", "out.jsonl", "--keep_columns=pair").code == 0
    lines = pathlib.Path("out.jsonl").read_text().splitlines()
    assert [json.loads(line)["pair"] for line in lines] == pairs.tolist()


@pytest.mark.slow
def test_sigkill_at_any_moment(spawn_main, run_cli, sizes_export, tmp_path):
    """Its own process is killed four times, wherever it is, and the last one ends."""
    rows = pd.DataFrame({"id": np.arange(600_000), "size": np.arange(600_000) / 8, "town": "Bern"})
    rows.to_csv("in.csv", index=False)
    flags = ("--mode=predict", f"--model_dir={sizes_export}", "--input=in.csv")
    assert run_cli(*flags, "--output=whole.jsonl").code == 0
    moments, killed = random.Random(7), 0
    while killed < 4 and not pathlib.Path("out.jsonl").exists():
        process = spawn_main(*flags, "--output=out.jsonl")
        while process.poll() is None and not pathlib.Path("out.jsonl.partial").exists():
            time.sleep(0.01)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(moments.uniform(0, 1.5))
        process.kill()
        process.communicate()
        killed += process.returncode != 0
    assert killed
    if not pathlib.Path("out.jsonl").exists():
        assert run_cli(*flags, "--output=out.jsonl").code == 0
    assert same_rows("out.jsonl", "whole.jsonl")

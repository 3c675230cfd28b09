"""--mode=eval and --mode=predict on a finished run, with every format of input and output."""

import csv
import json
import pathlib

import numpy as np
import pytest
import tensorflow as tf

from tfapp.data import open_source


@pytest.fixture
def images(trained_run):
    """Test images and labels of the run's data set."""
    del trained_run  # has prepared the data set
    test = open_source("digits").splits["test"].arrays()
    return test["image"], test["label"]


@pytest.fixture
def predict(run_cli, trained_run):
    """predict(input, output): the `Outcome` of --mode=predict."""

    def run(path, output="out.npz"):
        return run_cli(
            "--mode=predict", f"--model_dir={trained_run.model_dir}", f"--input={path}",
            f"--output={output}",
        )  # fmt: skip

    return run


def test_eval_repeats_the_metrics_of_training(run_cli, trained_run):
    for split in ("test", "validation"):
        done = run_cli("--mode=eval", f"--model_dir={trained_run.model_dir}", f"--split={split}")
        assert done.code == 0, done.err
        answer = json.loads(done.out)
        assert (answer["split"], answer["step"]) == (split, 200)
        for name, value in trained_run.metrics[split].items():
            assert answer[name] == pytest.approx(value, rel=1e-6)


def test_predictions_have_the_accuracy_and_loss_of_the_evaluation(predict, images, trained_run):
    np.savez("images.npz", image=images[0])
    done = predict("images.npz")
    assert (done.code, done.out) == (0, "359 answers in out.npz\n")
    with np.load("out.npz", allow_pickle=False) as out:
        answers = dict(out)
    assert set(answers) == {"input", "probabilities", "class_id", "class_name"}
    accuracy = np.mean(answers["class_id"] == images[1])
    assert accuracy == pytest.approx(trained_run.metrics["test"]["accuracy"], abs=1e-12)
    likelihood = answers["probabilities"][np.arange(359), images[1]].astype("f8")
    assert -np.log(likelihood).mean() == pytest.approx(
        trained_run.metrics["test"]["loss"], rel=1e-5
    )
    assert answers["class_name"].tolist() == [str(i) for i in answers["class_id"]]


def write_jsonl(images):
    rows = [json.dumps({"image": image.tolist()}) for image in images]
    pathlib.Path("in.jsonl").write_text("\n".join(rows) + "\n\n")
    return "in.jsonl", [str(i + 1) for i in range(len(images))]


def write_npz(images):
    np.savez("in.npz", anything=images[..., 0])  # [n, 8, 8] for [n, 8, 8, 1]
    return "in.npz", [str(i) for i in range(len(images))]


def write_folder(images):
    pathlib.Path("in", "deeper").mkdir(parents=True)
    names = []
    for i, image in enumerate(images):
        names.append(f"in/{'deeper/' if i % 2 else ''}{i:03}.png")
        pathlib.Path(names[-1]).write_bytes(tf.io.encode_png(image).numpy())
    return "in", names


def write_list(images):
    _, names = write_folder(images)
    pathlib.Path("list.txt").write_text("\n".join(names) + "\n")
    return "list.txt", names


def read_npz(path):
    with np.load(path, allow_pickle=False) as out:
        return dict(zip(out["input"].tolist(), out["class_id"].tolist(), strict=True))


def read_jsonl(path):
    rows = [json.loads(line) for line in pathlib.Path(path).read_text().splitlines()]
    assert all(list(row["probabilities"]) == [str(i) for i in range(10)] for row in rows)
    return {row["input"]: row["class_id"] for row in rows}


def read_csv(path):
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    assert sum(float(rows[0][f"probability_{i}"]) for i in range(10)) == pytest.approx(1)
    return {row["input"]: int(row["class_id"]) for row in rows}


@pytest.mark.parametrize("write", [write_npz, write_jsonl, write_folder, write_list])
def test_every_format_of_input(predict, images, write):
    path, names = write(images[0][:7])
    done = predict(path)
    assert done.code == 0, done.err
    np.savez("plain.npz", image=images[0][:7])
    predict("plain.npz", "plain_out.npz")
    expected = list(read_npz("plain_out.npz").values())
    assert read_npz("out.npz") == dict(zip(names, expected, strict=True))


@pytest.mark.parametrize(
    "output, read", [("o.npz", read_npz), ("o.jsonl", read_jsonl), ("o.csv", read_csv)]
)
def test_every_format_of_output(predict, images, output, read):
    path, names = write_npz(images[0][:5])
    assert predict(path, output).code == 0
    answers = read(output)
    assert list(answers) == names
    assert np.mean(np.array(list(answers.values())) == images[1][:5]) >= 0.8


def test_a_single_image_of_another_size(predict, images):
    bigger = np.kron(images[0][0], np.ones((4, 4, 1), np.uint8))
    pathlib.Path("one.png").write_bytes(tf.io.encode_png(bigger).numpy())
    assert predict("one.png").code == 0
    assert list(read_npz("out.npz")) == ["one.png"]


def _npz(**arrays):
    np.savez("bad.npz", **arrays)
    return "bad.npz"


def _file(name, content):
    path = pathlib.Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return name


ROW = [[[0]] * 8] * 8


@pytest.mark.parametrize(
    "make, code, message",
    [
        (lambda: "none.npz", 3, "--input=none.npz: does not exist"),
        (lambda: _npz(image=np.zeros((2, 9, 9, 1))), 3, "has shape (9, 9, 1), the model takes (8"),
        (lambda: _npz(a=np.zeros(3), b=np.zeros(3)), 3, "no array image; it holds a, b"),
        (lambda: _npz(image=np.zeros((0, 8, 8, 1))), 3, "same length above 0"),
        (lambda: _npz(image=np.full((1, 8, 8, 1), 0.5)), 3, "holds values that are not uint8"),
        (lambda: _npz(image=np.full((1, 8, 8, 1), np.nan)), 3, "holds values that are not uint8"),
        (lambda: _npz(image=np.full((1, 8, 8, 1), 300)), 3, "holds values that are not uint8"),
        (lambda: _npz(image=np.full((1, 8, 8, 1), "a")), 3, "has dtype <U1; numbers are needed"),
        (lambda: _npz(image=np.array([None])), 3, "cannot be read as .npz"),
        (lambda: _file("cut.npz", b"PK\x03\x04"), 3, "cannot be read as .npz"),
        (lambda: _file("a.jsonl", b"{}\n"), 3, 'a.jsonl, line 1: has no "image"'),
        (lambda: _file("a.jsonl", b"\n17\n"), 3, 'a.jsonl, line 2: has no "image"'),
        (lambda: _file("a.jsonl", b"{image}\n"), 3, "a.jsonl, line 1: is not JSON"),
        (lambda: _file("a.jsonl", b"\xff\xfe"), 3, "a.jsonl: is not UTF-8 text"),
        (lambda: _file("a.jsonl", b""), 3, "a.jsonl: is empty"),
        (lambda: _file("a.jsonl", b'{"image": [[1], [1, 2]]}'), 3, "line 1, image: is ragged"),
        (lambda: _file("a.jsonl", b'{"image": [1]}'), 3, "line 1, image: has shape (1,)"),
        (lambda: _file("d.jsonl/x", b"") and "d.jsonl", 3, "d.jsonl: is a folder"),
        (lambda: _file("d.txt/x", b"") and "d.txt", 3, "holds no images"),
        (lambda: _file("d/x.doc", b"") and "d", 3, "--input=d: holds no images"),
        (lambda: _file("a.txt", b"none.png\n"), 3, "none.png: cannot be read as an image"),
        (lambda: _file("a.txt", b"\xff\xfe"), 3, "a.txt: is not UTF-8 text"),
        (lambda: _file("a.png", b"not an image"), 3, "a.png: cannot be read as an image"),
        (
            lambda: _file("a.doc", b""),
            2,
            "--input=a.doc: use .csv, .parquet, .npz, .jsonl, an image",
        ),
    ],
)
def test_unusable_inputs(predict, make, code, message):
    done = predict(make())
    assert done.code == code, done.err
    assert done.err.startswith("tfapp: ")
    assert len(done.err.splitlines()) == 1
    assert message in done.err
    assert not pathlib.Path("out.npz").exists()


@pytest.mark.parametrize(
    "output, code, message",
    [
        ("out.txt", 2, "--output=out.txt: must end in one of .jsonl, .csv, .npz"),
        ("there.csv", 2, "--output=there.csv: exists already"),
        ("nowhere/out.csv", 6, "--output=nowhere/out.csv: folder nowhere does not exist"),
    ],
)
def test_unusable_outputs(predict, output, code, message):
    pathlib.Path("there.csv").write_text("answers of last week")
    done = predict("none.npz", output)
    assert (done.code, done.err.count("\n")) == (code, 1)
    assert message in done.err
    assert pathlib.Path("there.csv").read_text() == "answers of last week"


@pytest.mark.parametrize("path", ["one.png", "list.txt"])
def test_an_input_without_columns_has_none_to_keep(run_cli, trained_run, path):
    pathlib.Path("one.png").write_bytes(b"")
    pathlib.Path("list.txt").write_text("one.png")
    done = run_cli(
        "--mode=predict", f"--model_dir={trained_run.model_dir}", f"--input={path}",
        "--output=out.csv", "--keep_columns=id",
    )  # fmt: skip
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert f"--keep_columns=id: --input={path} has no columns" in done.err


def test_the_card_of_the_export_has_the_range_of_train(trained_run):
    card = json.loads((pathlib.Path(trained_run.export_dir) / "model_card.json").read_text())
    (image,) = card["inputs"]
    assert (image["range"], image["missing"]) == ([0, 16], False)

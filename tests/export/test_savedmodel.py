"""A SavedModel answers as its servable, to any reader and in any batch size, or is refused."""

import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import ROOT
from tests.export.models import Counting, weights_of
from tfapp.errors import DataError, TfappError
from tfapp.export.savedmodel import SavedModelExporter
from tfapp.export.served_model import ServedModel

READER = """
import json, sys
import tensorflow as tf
path, features = sys.argv[1], json.loads(sys.argv[2])
serve = tf.saved_model.load(path).signatures["serving_default"]
specs = serve.structured_input_signature[1]
answers = serve(**{name: tf.constant(value, specs[name].dtype) for name, value in features.items()})
assert "tfapp" not in sys.modules
print(json.dumps(answers["probabilities"].numpy().tolist()))
"""


@pytest.fixture
def write(tmp_path):
    """write(servable): the path of its SavedModel."""

    def run(servable):
        path = tmp_path / "saved"
        path.mkdir()
        SavedModelExporter().write(servable, path)
        return path

    return run


def test_a_program_that_only_knows_tensorflow_reads_it(make_table_servable, write):
    servable = make_table_servable("a b", "town")
    rows = {"a b": np.array([60.0, 10.0], "f4"), "town": np.array(["Zug", "Paris"], object)}
    path = write(servable)
    arguments = json.loads((path / "assets.extra" / "arguments.json").read_text())
    assert arguments == {"a b": "a_b", "town": "town"}
    features = {arguments[name]: column.tolist() for name, column in rows.items()}
    done = subprocess.run(
        [sys.executable, "-c", READER, path, json.dumps(features)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    expected = servable.serve(rows)["probabilities"]
    np.testing.assert_allclose(json.loads(done.stdout), expected, rtol=1e-5)


@pytest.mark.parametrize("size", [1, 3, 5])
def test_batches_of_any_size_of_pixels_and_of_encoded_images(
    make_image_servable, images, write, size
):
    servable = make_image_servable()
    model = ServedModel(write(servable))
    batch = {"image": images["image"][:size]}
    expected = servable.serve(batch)
    files = [tf.io.encode_png(image).numpy() for image in batch["image"]]
    for answers in (model.answer(batch), model.answer_bytes(files)):
        assert set(answers) == {"probabilities", "class_id", "class_name"}
        np.testing.assert_allclose(answers["probabilities"], expected["probabilities"], rtol=1e-5)
        assert answers["class_name"].tolist() == expected["class_name"].numpy().tolist()


@pytest.mark.parametrize("number, town", [("größe", ""), ("self", "1stFlr"), ("a b", "a_b")])
def test_features_are_answered_by_their_own_names(make_table_servable, write, number, town):
    servable = make_table_servable(number, town)
    rows = {number: np.array([60.0, 10.0], "f4"), town: np.array(["Zug", "Bern"], object)}
    path = write(servable)
    model = ServedModel(path)
    assert {name: spec.dtype for name, spec in model.inputs.items()} == {
        number: tf.float32,
        town: tf.string,
    }
    np.testing.assert_allclose(
        model.answer(rows)["probabilities"], servable.serve(rows)["probabilities"], rtol=1e-5
    )
    SavedModelExporter().verify(servable, path, rows)


def test_each_weight_is_kept_once(make_image_servable, write):
    servable = make_image_servable()
    path = write(servable)
    stored = tf.train.list_variables(str(path / "variables" / "variables"))
    shapes = sorted(shape for name, shape in stored if name.endswith("VARIABLE_VALUE"))
    assert shapes == [[3], [24, 3]]


def test_a_model_with_other_weights_is_refused(make_image_servable, images, write):
    model = Counting()
    servable = make_image_servable(model)
    path = write(servable)
    SavedModelExporter().verify(servable, path, images)
    servable.assign(weights_of(model, change=0.01))
    with pytest.raises(TfappError, match="the exported model answers another probabilities than"):
        SavedModelExporter().verify(servable, path, images)


@pytest.mark.parametrize("name", ["saved_model.pb", "variables/variables.data-00000-of-00001"])
def test_a_damaged_model_is_refused(make_image_servable, images, write, name):
    servable = make_image_servable()
    path = write(servable)
    content = (path / name).read_bytes()
    (path / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match="cannot be read as a SavedModel"):
        SavedModelExporter().verify(servable, path, images)


def test_an_export_of_0_1_without_the_file_of_arguments_is_read():
    folder = pathlib.Path(ROOT, "tests", "old_runs", "0.1.0")
    rows = [json.loads(line) for line in (folder / "table-answers.jsonl").read_text().splitlines()]
    model = ServedModel(folder / "table-finished" / "export" / "1")
    assert not model.takes_bytes
    assert rows
    with open(folder / "people.csv", encoding="utf-8") as file:
        assert set(model.inputs) < set(file.readline().strip().split(","))

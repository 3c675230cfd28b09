"""Columns, fields and arrays that have the names of what a batch holds in addition to them."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

import tfapp
from tests.data.opening import open_all
from tests.image_files import jpeg, picture
from tests.tf_examples import example
from tfapp.data.pipeline.evaluation import ResidentEvaluation, StreamedEvaluation
from tfapp.data.pipeline.resident import ResidentInput
from tfapp.data.pipeline.stream import StreamInput
from tfapp.errors import DataError
from tfapp.spec import EXAMPLE_SEED, SAMPLE_WEIGHT, DataSpec, FeatureSpec, LabelSpec, reserved_name

NAMES = (
    "sample_weight", "example_seed", "served_position", "position", "present", "indices", "offset",
)  # fmt: skip
ROWS = 60
COLUMNS = {name: (np.arange(ROWS) * (i + 1.5)).tolist() for i, name in enumerate(NAMES)}
COLUMNS["label"] = [i % 3 for i in range(ROWS)]
EXAMPLES = [dict(zip(COLUMNS, row, strict=True)) for row in zip(*COLUMNS.values(), strict=True)]


def save_csv(folder):
    lines = [",".join(COLUMNS), *(",".join(map(str, row.values())) for row in EXAMPLES)]
    (folder / "t.csv").write_text("\n".join(lines))
    return f"csv:{folder}/t.csv"


def save_jsonl(folder):
    (folder / "t.jsonl").write_text("\n".join(map(json.dumps, EXAMPLES)))
    return f"jsonl:{folder}/t.jsonl"


def save_parquet(folder):
    pa.parquet.write_table(pa.table(COLUMNS), folder / "t.parquet")
    return f"parquet:{folder}/t.parquet"


def save_npz(folder):
    np.savez(folder / "t.npz", **{name: np.array(values) for name, values in COLUMNS.items()})
    return f"npz:{folder}/t.npz"


def own_data():
    return {"train": COLUMNS}


def own_function(folder):
    del folder
    return f"{__name__}:own_data"


def own_data_with_a_reserved_name():
    return {"train": {SAMPLE_WEIGHT: [1, 2, 3], "x": [1, 2, 3], "label": [0, 1, 0]}}


def save_tfrecord(folder, images=()):
    with tf.io.TFRecordWriter(str(folder / "t.tfrecord")) as writer:
        for i, row in enumerate(EXAMPLES):
            fields = {name: float(value) for name, value in row.items()}
            fields["label"] = row["label"]
            fields.update(dict.fromkeys(images, jpeg(picture(i, 8, 8))))
            writer.write(example(**fields))
    return f"tfrecord:{folder}/t.tfrecord"


def save_images(folder):
    return save_tfrecord(folder, images=["image"])


class ReservedNames(tfds.core.GeneratorBasedBuilder):
    """A TFDS data set of numbers."""

    VERSION = tfds.core.Version("1.0.0")
    pkg_dir_path = "."

    def _info(self):
        features = dict.fromkeys(NAMES, tfds.features.Scalar(np.float32))
        features["label"] = tfds.features.ClassLabel(num_classes=3)
        return tfds.core.DatasetInfo(
            builder=self, description="names", features=tfds.features.FeaturesDict(features)
        )

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples()}

    def _generate_examples(self):
        yield from enumerate(EXAMPLES)


def prepare_tfds(folder):
    builder = ReservedNames(data_dir=folder)
    builder.download_and_prepare()
    return f"tfds:{builder.data_dir}"


@pytest.fixture(
    params=[
        save_csv, save_jsonl, save_parquet, save_npz, own_function, save_tfrecord, save_images,
        prepare_tfds,
    ]
)  # fmt: skip
def source(request, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return open_all(request.param(tmp_path), label="label")


def by_row(columns):
    """The rows of `columns` as sorted tuples of NAMES and the label."""
    rows = zip(*(np.asarray(columns[n]).tolist() for n in (*NAMES, "label")), strict=True)
    return sorted(rows)


def test_a_training_batch_holds_the_users_values(source):
    split = source.splits["train"]
    strategy = tf.distribute.get_strategy()
    for kind in (ResidentInput, StreamInput):
        engine = kind(
            split, strategy=strategy, batch_size=split.num_examples, seed=0, with_seeds=True
        )
        engine.restart(0)
        batch = engine.batch(engine.pull(engine.inputs, 0), 0)
        assert set(batch) == {f.name for f in source.spec.features} | {"label", EXAMPLE_SEED}
        assert by_row(batch) == by_row(split.arrays())
        assert set(batch) - {EXAMPLE_SEED, "image"} == set(COLUMNS)


def test_an_evaluation_weighs_all_examples_alike(source):
    split = source.splits["train"]
    for kind in (ResidentEvaluation, StreamedEvaluation):
        given = kind(split, strategy=tf.distribute.get_strategy(), batch_size=split.num_examples)
        batch = given.batch(given.pull(given.start(), 0), 0)
        assert batch.pop(SAMPLE_WEIGHT).numpy().tolist() == [1] * split.num_examples
        assert by_row(batch) == by_row(split.arrays())


def test_a_column_called_sample_weight_is_a_column_like_any_other(make_config, tmp_path):
    table = "\n".join(f"{i % 7},{i % 5 * (i % 3)},{'ab'[i % 7 < 3]}" for i in range(300))
    found = []
    for name in ("sample_weight", "zeta"):
        (tmp_path / f"{name}.csv").write_text(f"x,{name},y\n{table}\n")
        config = make_config(
            dataset=f"csv:{tmp_path}/{name}.csv", label="y", model_dir=str(tmp_path / name),
            xla="off", precision="float32", steps=10,
        )  # fmt: skip
        found.append(tfapp.run(config).metrics)
    assert found[0] == found[1]


def test_a_name_that_is_reserved_or_given_twice_is_refused():
    def spec(*names, label="y"):
        features = tuple(FeatureSpec(name, "numeric", (), "float32") for name in names)
        return DataSpec("data", features, LabelSpec(label, "class", 2, ("a", "b")))

    spec("sample_weight", "x")
    for names, label, message in (
        (["x", reserved_name("x")], "y", "begins with the character NUL"),
        (["x"], SAMPLE_WEIGHT, "begins with the character NUL"),
        (["x", "x"], "y", "two features are called 'x'"),
        (["x", "y"], "y", "a feature and the label are both called 'y'"),
    ):
        with pytest.raises(DataError, match=message):
            spec(*names, label=label)


def test_a_reserved_name_in_the_users_data_is_refused():
    with pytest.raises(DataError, match="begins with the character NUL"):
        open_all(f"{__name__}:own_data_with_a_reserved_name")


def test_arrays_with_one_name_are_refused(tmp_path):
    np.savez(tmp_path / "t.npz", x=[1, 2], x_train=[3, 4], y=[0, 1])
    with pytest.raises(DataError, match="two of its arrays are 'x' of train"):
        open_all(f"npz:{tmp_path}/t.npz")


def test_fields_whose_names_differ_in_signs_only_stay_apart(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    source = open_all(save_tfrecord(tmp_path, images=["image/encoded", "a/b", "a_b"]))
    names = {f.name for f in source.spec.features}
    assert names >= {"image", "a_b"}
    assert len(names) == len(source.spec.features) == len(NAMES) + 3

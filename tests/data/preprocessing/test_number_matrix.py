"""Many columns of numbers travel as one matrix, with the results of columns one by one."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf

from tests.data.opening import open_all
from tfapp.data import preprocessing
from tfapp.data.preprocessing.number_matrix import FEWEST, NUMBERS

COLUMNS = FEWEST + 6


def wide(folder, columns=COLUMNS, rows=40):
    """A raw `Source` of numbers, some missing, and a category."""
    rng = np.random.default_rng(0)
    table = {f"c{i}": rng.normal(size=rows) for i in range(columns)}
    table["c1"][3:9] = np.nan
    table |= {"town": ["Bern", "Basel"] * (rows // 2), "y": [0, 1] * (rows // 2)}
    pq.write_table(pa.table(table), folder / "t.parquet")
    return open_all(f"parquet:{folder}/t.parquet", label="y")


@pytest.fixture
def source(tmp_path):
    return wide(tmp_path)


def test_the_matrix_gives_what_the_columns_give(source):
    preprocess = preprocessing.fit(source.spec, source.splits["train"])
    packed = preprocess.encode_source(source).splits["train"].fetch(tf.range(30))
    apart = preprocess.encode_source(source, pack=False).splits["train"].fetch(tf.range(30))
    assert packed[NUMBERS].shape == (30, COLUMNS)
    assert set(packed) == {NUMBERS, "town", "y"}
    assert set(apart) == {f.name for f in source.spec.features} | {"y"}
    inputs, expected = preprocess(packed), preprocess(apart)
    assert list(inputs) == list(expected)
    for name, values in expected.items():
        assert np.array_equal(inputs[name], values), name
    assert inputs["c1"].shape == (30, 2)  # missing values are marked
    for spec in preprocess.input_specs(source.spec):
        assert inputs[spec.name].shape == (30, *spec.shape)


def test_what_is_served_is_what_was_learnt(source):
    preprocess = preprocessing.fit(source.spec, source.splits["train"])
    raw = source.splits["test"].fetch(tf.range(0))  # only the names
    served = {name: tf.constant(np.asarray(source.splits["test"].arrays()[name])) for name in raw}
    learnt = preprocess.encode_source(source).splits["test"].arrays()
    encoded = preprocess.encode(served)
    assert np.array_equal(encoded[NUMBERS], learnt[NUMBERS], equal_nan=True)
    assert np.array_equal(encoded["town"], learnt["town"])


def test_few_columns_stay_apart(tmp_path):
    source = wide(tmp_path, columns=5)
    preprocess = preprocessing.fit(source.spec, source.splits["train"])
    assert "c0" in preprocess.encode_source(source).splits["train"].arrays()


def operations(source):
    """How many operations a step has that gathers rows and prepares the model's inputs."""
    preprocess = preprocessing.fit(source.spec, source.splits["train"])
    train = preprocess.encode_source(source).splits["train"]
    step = tf.function(lambda rows: preprocess(train.fetch(rows)), autograph=False)
    graph = step.get_concrete_function(tf.TensorSpec([8], tf.int64)).graph
    return sum(op.type not in ("Identity", "Placeholder") for op in graph.get_operations())


def test_more_columns_are_no_more_operations_a_step(tmp_path):
    assert operations(wide(tmp_path, 3 * COLUMNS)) < operations(wide(tmp_path)) + COLUMNS // 10


def test_the_ranges_of_train_are_the_same_packed_or_not(source):
    preprocess = preprocessing.fit(source.spec, source.splits["train"])
    packed = preprocess.seen(preprocess.encode_source(source).splits["train"])
    apart = preprocess.seen(preprocess.encode_source(source, pack=False).splits["train"])
    assert packed == apart
    assert packed["c1"]["missing"] and packed["c1"]["range"] != packed["c2"]["range"]

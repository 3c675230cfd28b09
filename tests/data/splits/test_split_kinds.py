"""Every kind of split honours the contract of `Split`, compared with the whole split in memory."""

import numpy as np
import pytest
import tensorflow as tf

from tests.data.pets import Pets
from tests.image_files import make_folder
from tfapp.data import open_source
from tfapp.data.splits.array_split import ArraySplit
from tfapp.data.splits.example_loader import SERVED
from tfapp.data.splits.file_split import FileSplit
from tfapp.data.splits.split import Split
from tfapp.data.splits.string_column import StringColumn


def arrays(tmp_path):
    del tmp_path
    rows = np.arange(30)
    groups = StringColumn((rows % 4).astype(np.int32), np.array(list("abcd"), object))
    columns = {"x": rows[:, None] * [0.5, 2], "label": rows % 3}
    return ArraySplit(columns, groups=groups, name_of=lambda i: f"row {i + 1}")


def image_files(tmp_path):
    return open_source(f"folder:{make_folder(tmp_path / 'animals')}").splits["train"]


def records(tmp_path):
    builder = Pets(data_dir=str(tmp_path / "tfds"), file_format="tfrecord")
    builder.download_and_prepare()
    return open_source(f"tfds:{builder.data_dir}", image_size="16").splits["train"]


@pytest.fixture(params=[arrays, image_files, records])
def split(request, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return request.param(tmp_path)


def whole(split):
    return {name: np.asarray(a) for name, a in split.arrays().items() if name != SERVED}


def same(found, expected, rows):
    """Whether `found`, name -> values, are the examples `rows` of `expected`."""
    found = {name: np.asarray(values) for name, values in found.items() if name != SERVED}
    return set(found) == set(expected) and all(
        np.array_equal(found[name], expected[name][rows]) for name in expected
    )


def test_its_size_is_that_of_its_arrays(split):
    assert isinstance(split, Split)
    assert split.num_examples == 30
    assert {len(a) for a in whole(split).values()} == {30}
    assert split.nbytes == sum(a.nbytes for a in whole(split).values())


def test_examples_by_index(split):
    expected, rows = whole(split), [7, 0, 29, 7]
    assert same(split.fetch(np.array(rows)), expected, rows)
    assert same(split.examples(4), expected, range(4))
    assert same(split.examples(99), expected, range(30))
    assert np.array_equal(split.labels("label"), expected["label"])


def test_a_sample_is_spread_over_the_split(split):
    sample = {name: np.asarray(values) for name, values in split.sample(10).items()}
    step = 3 if split.by_example else 1
    assert same(sample, whole(split), range(0, 30, step))


@pytest.mark.parametrize("share", [1, 8, 14])
def test_chunks_are_read_while_a_pipeline_is_traced(split, share):
    size = split.chunk_size(share)
    assert share % size == 0
    rows = (np.arange(2 * size) * 7) % 30
    data = tf.data.Dataset.from_tensor_slices(rows).batch(size, drop_remainder=True)
    chunks = list(data.map(split.load_chunk).as_numpy_iterator())
    for i, chunk in enumerate(chunks):
        assert same(chunk, whole(split), rows[i * size : (i + 1) * size])


def test_a_subset_of_a_subset(split):
    rows = np.array([3, 21, 8, 5])
    part = split.subset(rows).subset(np.array([2, 0]))
    assert part.num_examples == 2
    assert same(part.arrays(), whole(split), [8, 3])
    assert [part.name_of(i) for i in range(2)] == [split.name_of(i) for i in (8, 3)]
    if split.groups is not None:
        assert np.asarray(part.groups).tolist() == np.asarray(split.groups)[[8, 3]].tolist()


def test_names_tell_examples_apart(split):
    assert len({split.name_of(i) for i in range(30)}) == 30


def test_the_same_examples_with_other_arrays(split):
    other = split.with_arrays({"z": np.arange(30)})
    assert other.arrays()["z"].tolist() == list(range(30))
    assert other.name_of(11) == split.name_of(11)
    assert not other.by_example


@pytest.mark.slow
def test_random_windows_are_a_function_of_the_seed(split):
    if not split.cuts_windows:
        assert isinstance(split, ArraySplit)
        with pytest.raises(NotImplementedError, match="ArraySplit cuts no windows"):
            split.with_random_windows()
        return
    assert isinstance(split, FileSplit)
    windows = split.with_random_windows()

    def cut(split, seed):
        data = tf.data.Dataset.from_tensors((np.array([9]), np.array([seed])))
        (chunk,) = data.map(split.load_chunk).as_numpy_iterator()
        return chunk["image"]

    assert np.array_equal(cut(windows, 1), cut(windows, 1))
    assert not np.array_equal(cut(windows, 1), cut(windows, 2))
    assert np.array_equal(cut(split, 1), cut(split, 2))  # this one cuts none
    assert np.array_equal(cut(windows.subset(np.arange(20)), 1), cut(windows, 1))


def test_a_reader_names_rows_and_gives_their_content(split):
    if not split.by_example:
        return
    contents = {split.reader.content(int(row)) for row in split.rows}
    assert len(contents) == 30
    assert split.reader.reason(4) == "could not be read at first, but can be now"
    assert split.name_of(4) == split.reader.where(int(split.rows[4]))
    example = split.reader.read(tf.constant(split.rows[4]))
    assert split.reader.example_nbytes == sum(v.numpy().nbytes for v in example.values())


def test_what_is_abstract_has_to_be_there():
    class Half(Split):
        def labels(self, name):
            return np.zeros(1)

    with pytest.raises(TypeError, match="abstract"):
        Half()

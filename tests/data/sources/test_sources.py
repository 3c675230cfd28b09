"""npz:, synthetic:, TFDS and a user's own function as sources, and how each is refused."""

import numpy as np
import pytest

import tfapp
from tests.data.opening import open_all
from tfapp.data.splits.array_split import ArraySplit
from tfapp.data.splits.source import Source
from tfapp.errors import DataError, StorageError, UsageError
from tfapp.spec import DataSpec, FeatureSpec, LabelSpec

X, Y = np.ones((30, 2), np.float32), np.arange(30) % 3


def open_(dataset, **changes):
    return open_all(dataset, **changes)


def test_npz_names_tell_splits_and_label(save_npz):
    path = save_npz(x_train=X, y_train=Y, test_x=X[:6], test_y=Y[:6], x_val=X[:3], y_val=Y[:3])
    built = open_(f"npz:{path}")
    assert {k: s.num_examples for k, s in built.splits.items()} == {
        "train": 30,
        "test": 6,
        "validation": 3,
    }
    assert [f.name for f in built.spec.features] == ["x"]


def test_npz_without_splits_and_with_a_named_label(save_npz):
    path = save_npz(height=X[:, 0], width=X[:, 1], kind=Y)
    built = open_(f"npz:{path}", label="kind")
    assert [f.name for f in built.spec.features] == ["height", "width"]
    assert sum(s.num_examples for s in built.splits.values()) == 30


def _bytes(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    return tmp_path / name


def _object_array(tmp_path):
    np.savez(tmp_path / "o.npz", x=np.array([{}, []], object), y=np.arange(2))
    return tmp_path / "o.npz"


def _single_array(tmp_path):
    with open(tmp_path / "single.npz", "wb") as file:
        np.save(file, X)
    return tmp_path / "single.npz"


def _truncated(tmp_path):
    np.savez(tmp_path / "whole.npz", x=X, y=Y)
    return _bytes(tmp_path, "cut.npz", (tmp_path / "whole.npz").read_bytes()[:300])


def _flipped(tmp_path):
    np.savez(tmp_path / "sound.npz", x=X, y=Y)
    data = bytearray((tmp_path / "sound.npz").read_bytes())
    data[200] ^= 1
    return _bytes(tmp_path, "flipped.npz", bytes(data))


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda t: t / "none.npz", "does not exist"),
        (lambda t: t, "is a folder"),
        (lambda t: _bytes(t, "empty.npz", b""), "is unreadable as .npz"),
        (lambda t: _bytes(t, "text.npz", b"a,b\n1,2\n"), "as .npz"),
        (_truncated, "is unreadable as .npz"),
        (_flipped, "is unreadable as .npz"),
        (_object_array, "holds Python objects"),
        (_single_array, "holds one array; save several with numpy.savez"),
    ],
)
def test_npz_that_cannot_be_read(tmp_path, make, message):
    path = make(tmp_path)
    with pytest.raises(DataError) as caught:
        open_(f"npz:{path}")
    assert message in str(caught.value)
    assert f"--dataset: {path}" in str(caught.value)


def test_npz_without_a_label(save_npz):
    with pytest.raises(DataError, match=r"cannot tell which of .'a', 'b'. is the label; say"):
        open_(f"npz:{save_npz(a=X, b=Y)}")


def test_npz_with_two_candidates_for_the_label(save_npz):
    with pytest.raises(DataError, match="cannot tell which"):
        open_(f"npz:{save_npz(x=X, y=Y, target=Y)}")


@pytest.mark.parametrize(
    "name, shape, dtype, classes, examples",
    [
        ("6x5x1", (6, 5, 1), "uint8", 10, 2048),
        ("7", (7,), "float32", 10, 2048),
        ("4x4x3:5", (4, 4, 3), "uint8", 5, 2048),
        ("3:2:100", (3,), "float32", 2, 100),
    ],
)
def test_synthetic_sizes(name, shape, dtype, classes, examples):
    built = open_(f"synthetic:{name}")
    feature = built.spec.features[0]
    assert (feature.shape, feature.dtype) == (shape, dtype)
    assert built.spec.label.num_classes == classes
    assert built.splits["train"].num_examples + built.splits["validation"].num_examples == examples


def test_synthetic_is_the_same_every_time():
    one, two = (open_("synthetic:5:3:50").splits["train"].arrays() for _ in range(2))
    assert all(np.array_equal(one[name], two[name]) for name in one)


@pytest.mark.parametrize("where", ["99999x99999x99999", "40:2:999999999", "999999999:99"])
def test_synthetic_that_no_memory_holds(where):
    with pytest.raises(UsageError, match=f"--dataset=synthetic:{where}: is more than"):
        open_(f"synthetic:{where}")


@pytest.mark.parametrize(
    "where", ["28y28", "0x3", "4:1", "4:10:5", "4:x", "-3", "4:3:2:1", "²", "9" * 5000]
)
def test_synthetic_that_makes_no_sense(where):
    with pytest.raises(UsageError, match="write it as") as caught:
        open_(f"synthetic:{where}")
    assert str(caught.value).startswith(f"--dataset=synthetic:{where}"[:500])


def test_digits_come_through_tfds(tfds_folder):
    built = open_("digits")
    assert built.spec.name == "digits/1.0.0"
    assert (tfds_folder / "digits" / "1.0.0" / "dataset_info.json").is_file()
    assert {k: s.num_examples for k, s in built.splits.items()} == {
        "train": 1294,
        "test": 359,
        "validation": 144,
    }
    image, label = built.spec.features[0], built.spec.label
    assert (image.kind, image.shape, image.dtype) == ("image", (8, 8, 1), "uint8")
    assert (label.kind, label.num_classes) == ("class", 10)
    arrays = [split.arrays() for split in built.splits.values()]
    assert max(a["image"].max() for a in arrays) == 16
    assert len(np.unique(np.concatenate([a["label"] for a in arrays]))) == 10


def test_digits_equal_scikit_learns():
    datasets = pytest.importorskip("sklearn.datasets")
    images, labels = datasets.load_digits(return_X_y=True)
    built = open_("digits")
    test = built.splits["test"].arrays()
    assert np.array_equal(test["image"].reshape(-1, 64), images[4::5])
    assert np.array_equal(test["label"], labels[4::5])


def test_tfds_prefix_reads_the_same():
    assert open_("tfds:digits:1.0.0").splits["test"].num_examples == 359


@pytest.mark.parametrize(
    "dataset, error, message",
    [
        ("digist", UsageError, "--dataset=digist: unknown; did you mean 'digits'?"),
        ("mnits", UsageError, "did you mean 'mnist'?"),
        ("npz:", UsageError, "say what to read, as npz:WHERE"),
        ("nps:a.npz", UsageError, "unknown kind 'nps'; did you mean 'npz'?"),
        ("tfds:digits:9.9.9", UsageError, "--dataset=tfds:digits:9.9.9"),
        ("", UsageError, "--dataset="),
    ],
)
def test_unknown_names(dataset, error, message):
    with pytest.raises(error) as caught:
        open_(dataset)
    assert message in str(caught.value)


def test_offline_lists_what_it_would_fetch():
    with pytest.raises(DataError, match=r"--offline: fashion_mnist/3.0.1.*train-images-idx3-ubyte"):
        open_("fashion_mnist", offline=True)


def test_manual_dir_is_looked_at_before_anything_else(tmp_path):
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(b"")
    with pytest.raises(DataError) as caught:
        open_("fashion_mnist", offline=True, manual_dir=str(tmp_path))
    assert f"--manual_dir={tmp_path}: lacks" in str(caught.value)
    assert "train-labels-idx1-ubyte.gz" in str(caught.value)
    assert "t10k-images-idx3-ubyte.gz" not in str(caught.value)
    with pytest.raises(DataError, match="--manual_dir=/nowhere: no such folder"):
        open_("fashion_mnist", offline=True, manual_dir="/nowhere")


def test_manual_dir_with_other_files_of_the_same_names(tmp_path):
    for part in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (tmp_path / f"{part}-ubyte.gz").write_bytes(b"something else")
    with pytest.raises(DataError, match="a file is not the one TFDS knows"):
        open_("fashion_mnist", offline=True, manual_dir=str(tmp_path))


def test_a_label_that_tfds_does_not_have():
    with pytest.raises(DataError, match=r"--label=lable: .* did you mean 'label'"):
        open_("digits", label="lable")


def test_a_file_in_place_of_the_tfds_folder(tmp_path):
    path = _bytes(tmp_path, "file", b"")
    with pytest.raises(StorageError, match=f"--data_dir={path}"):
        open_("digits", data_dir=str(path))


# What follows are users' own functions, named by --dataset=tests.data.sources.test_sources:NAME.


def pairs():
    return {"train": (X, Y), "test": (X, Y)}


def dicts():
    return {"train": {"a": X, "b": X, "label": Y.tolist()}}


def finished():
    spec = DataSpec("mine", (FeatureSpec("x", "numeric", (2,), "float32"),),
                    LabelSpec("y", "class", 3, ("a", "b", "c")))  # fmt: skip
    return Source(spec, {"train": ArraySplit({"x": X, "y": Y.astype(np.int32)})})


def without_train():
    return Source(finished().spec, {"test": finished().splits["train"]})


def of_another_kind():
    return Source(finished().spec, {"train": [X, Y]})


def failing():
    raise RuntimeError("the disk\nis elsewhere")


def returning_a_list():
    return [X, Y]


def returning_arrays():
    return {"train": X}


@pytest.mark.parametrize("name, features", [("pairs", 1), ("dicts", 2), ("finished", 1)])
def test_a_users_own_function(name, features):
    built = open_(f"tests.data.sources.test_sources:{name}")
    assert len(built.spec.features) == features
    assert set(built.splits) == {"train", "validation", "test"}


@pytest.mark.parametrize(
    "name, error, message",
    [
        ("failing", DataError, "RuntimeError: the disk is elsewhere"),
        ("returning_a_list", DataError, 'returned list; return a dict such as {"train": (x, y)'),
        ("returning_arrays", DataError, "split train is a ndarray; make it (x, y)"),
        ("without_train", DataError, "its Source has no split called train"),
        ("of_another_kind", DataError, "split train is a list; derive it from tfapp.data.splits."),
        ("pears", UsageError, "has no 'pears'; did you mean 'pairs'?"),
    ],
)
def test_a_users_function_that_does_not_work(name, error, message):
    with pytest.raises(error) as caught:
        open_(f"tests.data.sources.test_sources:{name}")
    assert message in str(caught.value)
    assert f"--dataset=tests.data.sources.test_sources:{name}" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_registered_function_is_known_by_its_name():
    tfapp.register_dataset("my_pairs", pairs)
    assert open_("my_pairs").splits["train"].num_examples == 27

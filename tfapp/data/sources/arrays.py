"""From arrays by split to a `Source`: names, kinds and classes are inferred and checked here."""

import numpy as np

from tfapp.data.sources import multi_hot
from tfapp.data.splits.array_split import ArraySplit
from tfapp.data.splits.source import Source
from tfapp.data.splits.split_names import SPLITS, TRAIN
from tfapp.errors import DataError
from tfapp.registry import suggest
from tfapp.spec import KIND_OF_TASK, DataSpec, FeatureSpec, LabelSpec


def source_from_arrays(name, splits, *, label, class_names=(), task="auto"):
    """Builds a Source.

    Args:
      name: what messages call the data set.
      splits: split name -> {array name: [num_examples, ...]}; "train" is required.
      label: name of the array to learn.
      class_names: names of the classes 0, 1, ...; empty: inferred.
      task: --task; one of tfapp's own forces the kind of the label.

    Raises:
      DataError: an array cannot be learnt from; the message names split and example.
    """
    for split in splits:
        if split not in SPLITS:
            raise DataError(
                f"{name}: unknown split {split!r}{suggest(split, SPLITS)} "
                f"(one of {', '.join(SPLITS)})"
            )
    if TRAIN not in splits:
        raise DataError(f"{name}: no split called train (found: {', '.join(splits) or 'none'})")
    for split, arrays in splits.items():
        _check_split(f"{name}, split {split}", arrays, splits[TRAIN], label)
    label_spec, encode = _label(name, splits[TRAIN][label], label, class_names, task)
    features = tuple(
        _feature(f"{name}, feature {key}", key, array)
        for key, array in sorted(splits[TRAIN].items())
        if key != label
    )
    encoded = {}
    for split, arrays in splits.items():
        columns = {f.name: _shaped(arrays[f.name], f) for f in features}
        columns[label] = encode(f"{name}, split {split}", arrays[label])
        encoded[split] = ArraySplit(columns)
    return Source(DataSpec(name, features, label_spec), encoded)


def _check_split(where, arrays, train, label):
    if label not in arrays:
        raise DataError(f"{where}: no array called {label!r} to learn (found: {', '.join(arrays)})")
    if set(arrays) != set(train):
        raise DataError(
            f"{where}: arrays {sorted(arrays)} differ from those of train {sorted(train)}"
        )
    if len(arrays) < 2:
        raise DataError(f"{where}: nothing to learn from except the label {label!r}")
    lengths = {key: len(array) if array.ndim else 0 for key, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise DataError(f"{where}: arrays differ in their number of examples: {lengths}")
    if not lengths[label]:
        raise DataError(f"{where}: is empty")
    for key, array in arrays.items():
        if array.shape[1:] != train[key].shape[1:]:
            raise DataError(
                f"{where}: {key} has shape {array.shape[1:]} an example, "
                f"train {train[key].shape[1:]}"
            )
        if key != label and array.dtype.kind not in "uifb":
            raise DataError(f"{where}: {key} has dtype {array.dtype}; numbers are needed")
        if array.dtype.kind == "f":
            _check_finite(f"{where}: {key}", array)


def _check_finite(what, array):
    """Raises DataError for a value that is not finite, or would not be as float32."""
    with np.errstate(over="ignore"):
        sound = np.isfinite(array if array.dtype.itemsize <= 4 else array.astype(np.float32))
    if not sound.all():
        row = int(np.argwhere(~sound)[0][0])
        large = np.isfinite(array[row]).all()
        how = "larger than float32 can hold" if large else "NaN or infinite"
        raise DataError(f"{what} is {how} in example {row}")


def _feature(where, name, array):
    shape = array.shape[1:]
    if 0 in shape:
        raise DataError(f"{where}: shape {shape} holds no values")
    if len(shape) == 2:
        shape = (*shape, 1)
    kind = "image" if len(shape) == 3 and shape[-1] in (1, 3, 4) else "numeric"
    return FeatureSpec(name, kind, shape, _storage_dtype(array.dtype).name)


def _storage_dtype(dtype):
    """Small integers are kept; everything else is float32, the model's own dtype."""
    return dtype if dtype in (np.uint8, np.int8, np.uint16, np.int16) else np.dtype(np.float32)


def _shaped(array, feature):
    return np.ascontiguousarray(
        array.reshape((len(array), *feature.shape)).astype(feature.dtype, copy=False)
    )


def _label(name, train, label, class_names, task):
    """Returns the LabelSpec and a function that turns a split's labels into numbers."""
    wanted = KIND_OF_TASK.get(task, "")
    if wanted == "multi_label" or (not wanted and multi_hot.is_sets(name, train, label)):
        return multi_hot.make(name, train, label, class_names)
    integral = train.dtype.kind in "uib" or (task == "classification" and _is_whole(train))
    if wanted == "real" or (train.dtype.kind == "f" and not integral):
        return _real(name, train, label, task)
    if train.ndim == 2 and train.shape[1] == 1:
        return _classes(name, train[:, 0], label, class_names)
    if train.ndim != 1:
        raise DataError(f"{name}: label {label} has shape {train.shape[1:]} an example; one class "
                        "number is needed")  # fmt: skip
    return _classes(name, train, label, class_names)


def _is_whole(array):
    return array.dtype.kind in "US" or (array.dtype.kind == "f" and (array % 1 == 0).all())


def _real(name, train, label, task):
    if train.dtype.kind not in "uifb" or task == "classification":
        raise DataError(f"{name}: label {label} has dtype {train.dtype} and cannot be used with "
                        f"--task={task}")  # fmt: skip
    spec = LabelSpec(label, "real", shape=train.shape[1:])
    return spec, lambda where, array: array.astype(np.float32)


def _classes(name, train, label, class_names):
    train = _as_text(train)
    if train.dtype.kind not in "Uuifb":
        raise DataError(f"{name}: label {label} has dtype {train.dtype}; class numbers or names "
                        "are needed")  # fmt: skip
    if not len(class_names) and (train == train[0]).all():
        raise DataError(f"{name}, split train: label {label} has one class only, {train[0]}")
    if train.dtype.kind == "U":
        return _named_classes(label, np.unique(train))
    if train.min() < 0:
        row = int(np.argmin(train))
        raise DataError(
            f"{name}, split train: label {train.min()} in example {row}; classes start at 0"
        )
    count = len(class_names) or int(train.max()) + 1
    if count > 2 * max(len(np.unique(train)), 50):
        return _named_classes(label, np.unique(train))  # such as postcodes: only those that occur
    names = tuple(class_names) or tuple(str(i) for i in range(count))
    spec = LabelSpec(label, "class", count, names)
    return spec, lambda where, array: _in_range(where, label, array.reshape(-1), count)


def _named_classes(label, values):
    """The LabelSpec of classes called `values`, and the function that numbers them."""
    spec = LabelSpec(label, "class", len(values), tuple(str(v) for v in values))
    return spec, lambda where, array: _look_up(where, label, array.reshape(-1), values)


def _as_text(array):
    """Bytes, and objects that are all str, as an array of str; other arrays unchanged."""
    if array.dtype.kind == "S":
        return np.char.decode(array, "utf-8", "replace")
    words = array.dtype.kind == "O" and all(isinstance(value, str) for value in array.flat)
    return array.astype(str) if words else array


def _look_up(where, label, array, values):
    array = _as_text(array)
    if array.dtype.kind not in ("U" if values.dtype.kind == "U" else "uifb"):
        raise DataError(f"{where}: {label} has dtype {array.dtype}, in train {values.dtype}")
    position = np.clip(np.searchsorted(values, array), 0, len(values) - 1)
    _reject(where, label, array, values[position] != array, f"the {len(values)} classes of train")
    return position.astype(np.int32)


def _in_range(where, label, array, count):
    if array.dtype.kind not in "uifb":
        raise DataError(f"{where}: {label} has dtype {array.dtype}, in train they are numbers")
    bad = (array < 0) | (array >= count)
    _reject(where, label, array, bad, f"the {count} classes 0 to {count - 1}")
    return array.astype(np.int32)


def _reject(where, label, array, bad, known):
    if bad.any():
        row = int(np.argmax(bad))
        raise DataError(f"{where}: {label} {array[row]} in example {row} is not among {known}")

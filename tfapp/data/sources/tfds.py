"""A TFDS name, `mnist` or `tfds:mnist:3.0.1`: prepared once, then read into memory.

tfds_prepare.py prepares it; tfds_records.py reads what is too large for memory.
"""

import contextlib
import functools
import logging
import os
import re
import tempfile

import numpy as np
import tensorflow_datasets as tfds

from tfapp.data.sources import tfds_records
from tfapp.data.sources.arrays import source_from_arrays
from tfapp.data.sources.tfds_prepare import first_line, prepare_once
from tfapp.data.splits import split_names
from tfapp.errors import DataError, StorageError, TfappError, UsageError
from tfapp.registry import suggest
from tfapp.runtime import private_api
from tfapp.spec import DIGITS

_LOG = logging.getLogger("tfapp")


def open_tfds(
    where, *, dataset, label, task, image_size, max_bad_examples, data_dir, manual_dir, offline
):
    """Opens the TFDS data set `where`.

    Args:
      where: NAME, NAME:VERSION, NAME/CONFIG[:VERSION], or the path of a prepared one.
      dataset: what messages call the data set.
      label: the feature to learn; empty: TFDS's own label.
      task: --task.
      image_size, max_bad_examples: of images that are read one by one.
      data_dir: folder of prepared data; empty: TFDS's default.
      manual_dir: folder of files that were fetched by hand; empty: none.
      offline: whether fetching is forbidden.

    Raises:
      UsageError: no such data set.
      DataError: it cannot be fetched or has a form that cannot be learnt from.
      StorageError: `data_dir` cannot be written.
    """
    builder = _builder(where, dataset, data_dir)
    if not builder.is_prepared():
        open_again = functools.partial(_builder, where, dataset, data_dir)
        builder = prepare_once(builder, open_again, manual_dir, offline)
    with _damage_reported(builder):
        input_keys, label = _keys(builder, label)
        class_names = _class_names(builder.info.features[label])
        known = _known_splits(builder.info.splits)
        by_record = tfds_records.needed(builder, input_keys, known.values())
    if by_record:
        return tfds_records.open_records(
            builder,
            known,
            label=label,
            task=task,
            image_size=image_size,
            max_bad_examples=max_bad_examples,
            class_names=class_names,
        )
    with _damage_reported(builder):
        splits = {k: _read(builder, name, (*input_keys, label)) for k, name in known.items()}
        _check_counts(builder, known, splits, label)
    return source_from_arrays(
        builder.info.full_name, splits, label=label, class_names=class_names, task=task
    )


def _known_splits(names):
    """Split name -> TFDS's name of it; the usual name wins over another word for the same split."""
    known = {}
    for name in names:
        split = split_names.of_word(name)
        if split and (split not in known or name == split):
            known[split] = name
    return known


def _class_names(feature):
    """Names of a label's classes; () if TFDS has none."""
    named = isinstance(feature, tfds.features.ClassLabel)
    return tuple(feature.names or ()) if named else ()


def _builder(where, dataset, data_dir):
    tfds.disable_progress_bar()
    logging.getLogger("absl").setLevel(logging.ERROR)
    if where == DIGITS:
        from tfapp.data.sources import digits  # noqa: F401 (importing registers the builder with TFDS)
    if os.path.isdir(os.path.expanduser(where)) and os.sep in where:
        return _prepared_folder(os.path.expanduser(where))
    folder = _data_dir(data_dir)
    try:
        return tfds.builder(where, data_dir=folder, try_gcs=False)
    except tfds.core.DatasetNotFoundError as error:
        known = [DIGITS, *tfds.list_builders(with_community_datasets=False)]
        raise UsageError(
            f"--dataset={dataset}: unknown{suggest(where, known)} ({DIGITS}, a TFDS name, "
            "a path such as csv:FILE or folder:DIR, synthetic:SHAPE, or your own "
            "package.module:name)"
        ) from error
    except Exception as error:  # TFDS raises many kinds for versions, configs and damaged files
        if _exists(where):
            prepared = os.path.join(folder, re.split("[/:]", where)[0])
            raise _damaged(prepared, error) from error
        raise UsageError(f"--dataset={dataset}: {first_line(error)}") from error


def _exists(where):
    """Whether there is such a data set, whatever has been prepared of it."""
    with tempfile.TemporaryDirectory() as empty, contextlib.suppress(Exception):
        tfds.builder(where, data_dir=empty, try_gcs=False)
        return True
    return False


def _prepared_folder(path):
    try:
        return tfds.builder_from_directory(path)
    except Exception as error:  # TFDS raises many kinds for files that are not its own
        raise DataError(
            f"--dataset=tfds:{path}: is not a folder that TFDS prepared ({first_line(error)})"
        ) from error


def _data_dir(data_dir):
    """`data_dir`, else TFDS's default, else (the home is read-only) a temporary folder."""
    if data_dir:
        return _writable(data_dir) or _refuse(data_dir)
    default = os.environ.get("TFDS_DATA_DIR") or private_api.tfds_default_folder()
    default = os.path.expanduser(default)
    if _writable(default):
        return default
    fallback = os.path.join(tempfile.gettempdir(), f"tfapp-{os.getuid()}", "tensorflow_datasets")
    _LOG.info(
        "data: %s cannot be written; using %s (--data_dir chooses another)", default, fallback
    )
    return _writable(fallback) or _refuse(fallback)


def _writable(folder):
    """`folder` if it can be written, or already holds something that can be read; else None."""
    with contextlib.suppress(OSError):
        os.makedirs(folder, exist_ok=True)
        if os.access(folder, os.W_OK) or os.listdir(folder):
            return folder
    return None


def _refuse(folder):
    raise StorageError(f"--data_dir={folder}: cannot be written")


def _damaged(folder, error):
    return DataError(
        f"{folder}: what TFDS prepared there is damaged ({first_line(error)}); remove the folder "
        "and prepare it again"
    )


@contextlib.contextmanager
def _damage_reported(builder):
    """A block that reads what is prepared; TFDS raises many kinds if it is damaged."""
    try:
        yield
    except TfappError:
        raise
    except Exception as error:
        raise _damaged(builder.data_dir, error) from error


def _check_counts(builder, known, splits, label):
    """Raises ValueError if there are fewer examples than TFDS says: a shard may end too early."""
    for split, name in known.items():
        there, claimed = len(splits[split][label]), builder.info.splits[name].num_examples
        if there != claimed:
            raise ValueError(f"split {name} holds {there:,} of its {claimed:,} examples")


def _keys(builder, label):
    """Names of the inputs and of the label; an empty `label` is TFDS's own."""
    features = builder.info.features
    supervised = builder.info.supervised_keys
    label = label or (supervised[1] if supervised else _class_label(builder))
    if label not in features:
        raise DataError(
            f"--label={label}: {builder.info.full_name} has {', '.join(sorted(features))}"
            + suggest(label, features)
        )
    inputs = (supervised[0],) if supervised else tuple(k for k in sorted(features) if k != label)
    for key in (*inputs, label):
        feature = features[key]
        if tfds_records.is_free_image(feature):
            continue
        if feature.shape is None or None in feature.shape or feature.dtype in (str, np.object_):
            raise DataError(
                f"{builder.info.full_name}: feature {key} ({type(feature).__name__}, shape "
                f"{feature.shape}) has no fixed numeric shape"
            )
    return inputs, label


def _class_label(builder):
    features = builder.info.features
    labels = [k for k, f in features.items() if isinstance(f, tfds.features.ClassLabel)]
    if len(labels) != 1:
        raise DataError(
            f"{builder.info.full_name}: say which of {', '.join(sorted(features))} is the --label"
        )
    return labels[0]


def _read(builder, split, keys):
    """All examples of a split as arrays, in the order in which they are stored."""
    decoders = tfds.decode.PartialDecoding(dict.fromkeys(keys, True))
    data = builder.as_dataset(split=split, batch_size=-1, decoders=decoders)
    return {key: np.asarray(data[key]) for key in keys}

"""A TFDS name, `mnist` or `tfds:mnist:3.0.1`: prepared once, then read into memory.

Two traps of TFDS 4.9 are avoided here. Data sets that share file names (MNIST and Fashion-MNIST do)
get an extraction folder each, because in a shared one the second silently becomes the first. And
the files of --manual_dir are checked before TFDS looks for them, since it would retry for minutes.
"""

import contextlib
import hashlib
import logging
import os
import pathlib
import tempfile

import numpy as np
import tensorflow_datasets as tfds

from tfapp.data.sources import tfds_records
from tfapp.data.sources.arrays import source_from_arrays
from tfapp.data.splits import split_names
from tfapp.errors import DataError, StorageError, UsageError
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
        _prepare(builder, manual_dir, offline)
    input_keys, label = _keys(builder, label)
    class_names = _class_names(builder.info.features[label])
    known = _known_splits(builder.info.splits)
    if tfds_records.needed(builder, input_keys, known.values()):
        return tfds_records.open_records(
            builder,
            known,
            label=label,
            task=task,
            image_size=image_size,
            max_bad_examples=max_bad_examples,
            class_names=class_names,
        )
    splits = {k: _read(builder, name, (*input_keys, label)) for k, name in known.items()}
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
    except (AssertionError, ValueError) as error:  # raised for an unknown version or config
        raise UsageError(f"--dataset={dataset}: {_first_line(error)}") from error


def _prepared_folder(path):
    try:
        return tfds.builder_from_directory(path)
    except Exception as error:  # TFDS raises many kinds for files that are not its own
        raise DataError(
            f"--dataset=tfds:{path}: is not a folder that TFDS prepared ({_first_line(error)})"
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


def _prepare(builder, manual_dir, offline):
    _LOG.info("data: preparing %s in %s", builder.info.full_name, builder.data_dir)
    missing = _missing_files(builder, manual_dir)
    if missing and manual_dir:
        names = ", ".join(sorted(missing))
        raise DataError(f"--manual_dir={manual_dir}: lacks {names} for {builder.info.full_name}")
    if missing and offline:
        urls = ", ".join(sorted(missing.values()))
        raise DataError(
            f"--offline: {builder.info.full_name} is not prepared in {builder.data_dir} and would "
            f"fetch {urls}; fetch these by hand and name their folder with --manual_dir"
        )
    for url in missing.values():
        _LOG.info("data: fetching %s", url)
    try:
        # TFDS prints to stdout, which is reserved for the answer; errors are raised.
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            builder.download_and_prepare(download_config=_download_config(builder, manual_dir))
    except private_api.tfds_checksum_error() as error:
        raise DataError(
            f"{builder.info.full_name}: a file is not the one TFDS knows ({_first_line(error)})"
        ) from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise DataError(f"{builder.info.full_name}: {_first_line(error)}") from error
    except Exception as error:  # builders, and the network, fail in many ways
        raise DataError(
            f"{builder.info.full_name}: could not be prepared: {type(error).__name__}: "
            f"{_first_line(error)}; fetch the files by hand and use --manual_dir"
        ) from error


def _missing_files(builder, manual_dir):
    """File name -> URL of the files that TFDS would fetch and `manual_dir` does not hold."""
    infos = builder.url_infos or {}
    folder = pathlib.Path(manual_dir) if manual_dir else None
    if folder and not folder.is_dir():
        raise DataError(f"--manual_dir={folder}: no such folder")
    return {
        info.filename: url
        for url, info in infos.items()
        if not (folder and (folder / info.filename).is_file())
    }


def _download_config(builder, manual_dir):
    """With an extraction folder for each data set, because file names repeat between data sets."""
    digest = hashlib.sha256(builder.info.full_name.encode()).hexdigest()[:12]
    root = pathlib.Path(private_api.tfds_root_folder(builder))
    return tfds.download.DownloadConfig(
        manual_dir=os.path.abspath(manual_dir) if manual_dir else None,
        extract_dir=str(root / "downloads" / "extracted" / f"{builder.name}-{digest}"),
        try_download_gcs=False,
    )


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


def _first_line(error):
    lines = str(error).strip().splitlines()
    return lines[0][:240] if lines else type(error).__name__

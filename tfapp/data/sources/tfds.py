"""A TFDS name, `mnist` or `tfds:mnist:3.0.1`: prepared once, then read into memory.

Two traps of TFDS 4.9 are avoided here. Data sets that share file names (MNIST and Fashion-MNIST do)
get an extraction folder each, for in a shared one the second silently becomes the first. And the
files of --manual_dir are looked for before TFDS is asked, which would retry for minutes.
"""

import contextlib
import dataclasses
import hashlib
import logging
import os
import pathlib
import tempfile

import numpy as np
import tensorflow_datasets as tfds
from tensorflow_datasets.core.download import download_manager

from tfapp.data.sources import tfds_records
from tfapp.data.sources.arrays import source_from_arrays
from tfapp.errors import DataError, StorageError, UsageError
from tfapp.registry import suggest

_LOG = logging.getLogger("tfapp")
_SPLITS = {"train": "train", "test": "test", "validation": "validation", "val": "validation"}


def open_source(where, config):
    """Opens the TFDS data set `where`: NAME, NAME:VERSION, NAME/CONFIG[:VERSION], or the path of a
    prepared one.

    Raises:
      UsageError: no such data set.
      DataError: it cannot be fetched or has a form that cannot be learnt from.
    """
    builder = _builder(where, config)
    if not builder.is_prepared():
        _prepare(builder, config)
    input_keys, label = _keys(builder, config)
    names = getattr(builder.info.features[label], "names", None) or ()
    known = {_SPLITS[name]: name for name in builder.info.splits if name in _SPLITS}
    if tfds_records.needed(builder, input_keys, known.values()):
        config = dataclasses.replace(config, label=label)
        return tfds_records.open_records(builder, known, config, tuple(names))
    splits = {k: _read(builder, name, (*input_keys, label)) for k, name in known.items()}
    return source_from_arrays(
        builder.info.full_name, splits, label=label, class_names=tuple(names), task=config.task
    )


def _builder(where, config):
    tfds.disable_progress_bar()
    logging.getLogger("absl").setLevel(logging.ERROR)
    if where == "digits":
        from tfapp.data.sources import digits  # noqa: F401 (importing registers the builder with TFDS)
    if os.path.isdir(os.path.expanduser(where)) and os.sep in where:
        return _prepared_folder(os.path.expanduser(where))
    data_dir = _data_dir(config)
    try:
        return tfds.builder(where, data_dir=data_dir, try_gcs=False)
    except tfds.core.DatasetNotFoundError as error:
        known = ["digits", *tfds.list_builders(with_community_datasets=False)]
        raise UsageError(
            f"--dataset={config.dataset}: unknown{suggest(where, known)} (digits, a TFDS name, "
            "npz:FILE, synthetic:SHAPE, or your own package.module:name)"
        ) from error
    except (AssertionError, ValueError) as error:  # TFDS's answers to an unknown version or config
        raise UsageError(f"--dataset={config.dataset}: {_first_line(error)}") from error


def _prepared_folder(path):
    try:
        return tfds.builder_from_directory(path)
    except Exception as error:  # whatever TFDS makes of files that are not its own
        raise DataError(
            f"--dataset=tfds:{path}: is not a folder that TFDS prepared ({_first_line(error)})"
        ) from error


def _data_dir(config):
    """--data_dir, TFDS's default, or (read-only home) a folder that goes with the machine."""
    if config.data_dir:
        return _writable(config.data_dir) or _refuse(config.data_dir)
    default = os.environ.get("TFDS_DATA_DIR") or str(tfds.core.constants.DATA_DIR)
    default = os.path.expanduser(default)
    if _writable(default):
        return default
    fallback = os.path.join(tempfile.gettempdir(), f"tfapp-{os.getuid()}", "tensorflow_datasets")
    _LOG.info(
        "data: %s cannot be written; using %s (--data_dir chooses another)", default, fallback
    )
    return _writable(fallback) or _refuse(fallback)


def _writable(folder):
    """`folder` if it can be written, or read because something is prepared in it; else None."""
    with contextlib.suppress(OSError):
        os.makedirs(folder, exist_ok=True)
        if os.access(folder, os.W_OK) or os.listdir(folder):
            return folder
    return None


def _refuse(folder):
    raise StorageError(f"--data_dir={folder}: cannot be written")


def _prepare(builder, config):
    _LOG.info("data: preparing %s in %s", builder.info.full_name, builder.data_dir)
    missing = _missing_files(builder, config)
    if missing and config.manual_dir:
        names = ", ".join(sorted(missing))
        raise DataError(
            f"--manual_dir={config.manual_dir}: lacks {names} for {builder.info.full_name}"
        )
    if missing and config.offline:
        urls = ", ".join(sorted(missing.values()))
        raise DataError(
            f"--offline: {builder.info.full_name} is not prepared in {builder.data_dir} and would "
            f"fetch {urls}; fetch these by hand and name their folder with --manual_dir"
        )
    for url in missing.values():
        _LOG.info("data: fetching %s", url)
    try:
        # TFDS prints to stdout, which is for the answer; what matters it raises.
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            builder.download_and_prepare(download_config=_download_config(builder, config))
    except download_manager.NonMatchingChecksumError as error:
        raise DataError(
            f"{builder.info.full_name}: a file is not the one TFDS knows ({_first_line(error)})"
        ) from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise DataError(f"{builder.info.full_name}: {_first_line(error)}") from error
    except Exception as error:  # builders fail in ways of their own; the network in many
        raise DataError(
            f"{builder.info.full_name}: could not be prepared: {type(error).__name__}: "
            f"{_first_line(error)}; fetch the files by hand and use --manual_dir"
        ) from error


def _missing_files(builder, config):
    """File name -> URL of what TFDS would fetch and --manual_dir does not hold."""
    infos = builder.url_infos or {}
    folder = pathlib.Path(config.manual_dir) if config.manual_dir else None
    if folder and not folder.is_dir():
        raise DataError(f"--manual_dir={folder}: no such folder")
    return {
        info.filename: url
        for url, info in infos.items()
        if not (folder and (folder / info.filename).is_file())
    }


def _download_config(builder, config):
    """Each data set has its own extraction folder, for file names repeat between data sets."""
    digest = hashlib.sha256(builder.info.full_name.encode()).hexdigest()[:12]
    root = pathlib.Path(builder._data_dir_root)
    return tfds.download.DownloadConfig(
        manual_dir=os.path.abspath(config.manual_dir) if config.manual_dir else None,
        extract_dir=str(root / "downloads" / "extracted" / f"{builder.name}-{digest}"),
        try_download_gcs=False,
    )


def _keys(builder, config):
    """Names of the inputs and of the label."""
    features = builder.info.features
    supervised = builder.info.supervised_keys
    label = config.label or (supervised[1] if supervised else _class_label(builder))
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

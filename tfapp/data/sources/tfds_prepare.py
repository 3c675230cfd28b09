"""Prepares a TFDS data set, once, whatever number of processes ask for it.

Two traps of TFDS 4.9 are avoided here. Data sets that share file names (MNIST and Fashion-MNIST do)
get an extraction folder each, because in a shared one the second silently becomes the first. And
the files of --manual_dir are checked before TFDS looks for them, since it would retry for minutes.
"""

import contextlib
import hashlib
import logging
import os
import pathlib

import tensorflow_datasets as tfds

from tfapp.errors import DataError
from tfapp.runtime import one_at_a_time, private_api, storage

_LOG = logging.getLogger("tfapp")
_ANOTHER = "name a folder with room by --data_dir"


def prepare_once(builder, open_again, manual_dir, offline):
    """Prepares a data set, or waits for another process that does.

    Args:
      builder: TFDS's builder of a data set that is not prepared.
      open_again: () -> such a builder, as things are by then.
      manual_dir: folder of files that were fetched by hand; empty: none.
      offline: whether fetching is forbidden.

    Returns:
      the builder of the data set once it is prepared.

    Raises:
      DataError: it cannot be fetched or prepared.
      StorageError: its folder cannot be written.
    """
    name, root = builder.info.full_name, private_api.tfds_root_folder(builder)

    def waiting():
        _LOG.info("data: waiting for another process that prepares %s in %s", name, root)

    lock = os.path.join(root, f".{builder.name}.lock")
    with storage.writing(root, flag="data_dir", remedy=_ANOTHER), one_at_a_time.held(lock, waiting):
        builder = open_again()  # as another process may have left it
        if not builder.is_prepared():
            _prepare(builder, manual_dir, offline)
    return builder


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
            f"{builder.info.full_name}: a file is not the one TFDS knows ({first_line(error)})"
        ) from error
    except Exception as error:  # builders, and the network, fail in many ways
        if storage.number_of(error) is not None:
            raise
        raise DataError(
            f"{builder.info.full_name}: could not be prepared: {type(error).__name__}: "
            f"{first_line(error)}; fetch the files by hand and use --manual_dir"
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


def first_line(error):
    """The first line of an error's message, not too long."""
    lines = str(error).strip().splitlines()
    return lines[0][:240] if lines else type(error).__name__

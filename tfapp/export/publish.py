"""Exports a trained model in every format of --export, and tries to do so before training."""

import pathlib
import re
import tempfile

import tensorflow as tf

from tfapp.errors import StorageError, UsageError
from tfapp.export import make_exporters
from tfapp.export.card import write_card
from tfapp.export.encoder import write_encoder
from tfapp.export.versions import add_version
from tfapp.runtime import storage
from tfapp.users_code import reason

_UNTRACKED = re.compile(r"Trackable referencing this tensor = (.*)")


def _ignore(path):
    """What `publish` calls where its caller does not look at the files."""


def export_all(names, servable, folder, examples, *, facts=None, keep=0):
    """Writes and verifies the next version in every format.

    SavedModel's versions are export/1, export/2, ...; those of another format are
    export/NAME/1, export/NAME/2, ...

    Args:
      names: of --export.
      servable: a `Servable` with the weights to export.
      folder: the run's export folder.
      examples: raw features, name -> NumPy [n, ...], to compare answers on.
      facts: of `tfapp.export.card.write_card`; None: no card is written.
      keep: how many versions of a format stay; 0: all.

    Returns:
      name -> path of the new version; empty for "none".

    Raises:
      UsageError: an unknown name.
      StorageError: it cannot be written.
      TfappError: the written model answers differently from the one in memory.
    """
    return {
        name: publish(exporter, servable, folder, examples, facts=facts, keep=keep)
        for name, exporter in make_exporters(names).items()
    }


def publish(exporter, servable, folder, examples, *, facts, keep, written=_ignore, check=_ignore):
    """Writes the next version of one format, verified before anyone can read it.

    Args:
      exporter: an `Exporter`.
      servable, folder, examples, facts, keep: as for `export_all`.
      written: called with the path of the files once they are written, and nothing else is there.
      check: called with it when they are verified; if it raises, no version is added.

    Returns:
      the path of the new version.

    Raises:
      TfappError: as `export_all`; and what `check` raises.
    """

    def make(path):
        exporter.write(servable, path)
        written(path)
        exporter.verify(servable, path, examples)
        check(path)
        exporter.add_requests(servable, path, examples)
        if exporter.takes_encoded:
            write_encoder(path, servable, exporter.usage)
        if facts is not None:
            write_card(path, servable, examples, facts)

    folder = exporter.versions_folder(pathlib.Path(folder))
    try:
        return add_version(folder, make, keep=keep)
    except (OSError, tf.errors.OpError) as error:
        reason = storage.describe(error, folder) or error
        raise StorageError(f"{folder}: export could not be written: {reason}") from error


def try_export(names, servable, examples):
    """Exports into a temporary folder, so that a model that cannot be exported fails early.

    Answers are compared on one example.

    Args:
      names, servable, examples: as for `export_all`; the weights are those before training.

    Raises:
      UsageError: the model cannot be exported in one of the formats; the message gives the reason.
      StorageError: temporary files cannot be written.
    """
    one = {name: array[:1] for name, array in examples.items()}
    for name, exporter in make_exporters(names).items():
        try:
            with tempfile.TemporaryDirectory(prefix="tfapp-export-") as folder:
                exporter.trial(servable, pathlib.Path(folder), one)
        except OSError as error:
            raise _not_tried(name, error) from error
        except (Exception, SystemExit) as error:  # a user's layer or exporter may raise anything
            if storage.number_of(error) is not None:
                raise _not_tried(name, error) from error
            raise UsageError(
                f"--export={name}: the model {servable.model_name} cannot be exported: "
                f"{why_not(error)}"
            ) from error


def _not_tried(name, error):
    reason = storage.describe(error, tempfile.gettempdir()) or error
    return StorageError(
        f"--export={name}: could not be tried in a temporary folder: {reason}; TMPDIR sets another"
    )


def why_not(error):
    """Why a model cannot be exported, from what its exporter raised; one line."""
    untracked = _UNTRACKED.search(str(error))
    if untracked:
        return f"it uses {untracked[1]}, which is not among its weights; make it with add_weight"
    return reason(error)

"""Checkpoints that appear whole or not at all, and are proven whole before they are used.

Each is a folder of its own, checkpoints/step-00000500, written under another name, synced to the
disk and renamed. Its manifest (`tfapp.training.manifest`) holds the host's numbers and a SHA-256 of
every file. Reading goes from the newest to the oldest: a damaged one is reported and the one before
it is used.
"""

import contextlib
import logging
import os
import pathlib
import re
import shutil

import tensorflow as tf

from tfapp.errors import DataError, StorageError
from tfapp.runtime import storage
from tfapp.runtime.atomic_files import sync_folder
from tfapp.training import manifest
from tfapp.training.groups import EMA, NON_TRAINABLE, TRAINABLE

_LOG = logging.getLogger("tfapp")
_STORED = re.compile(r"variables/(\w+)\.S(\d+)/\.ATTRIBUTES/VARIABLE_VALUE")  # group, number
_NAME = re.compile(r"step-([0-9]{8,18})")
_UNFINISHED = "unfinished-"
_READ_BYTES = 1 << 26  # of the variables that are read together; a larger one is read by itself


class Checkpoints:
    """The checkpoints of one run, in `folder`."""

    def __init__(self, folder, state, *, keep):
        """`keep`: how many of the latest stay; the best one is kept as well."""
        self._folder = pathlib.Path(folder)
        self._state = state
        self._keep = keep
        self._whole = set()  # steps of those that this process has written or read

    def steps(self):
        """Steps of the checkpoints in the folder, ascending."""
        names = [p.name for p in self._folder.glob("step-*")] if self._folder.is_dir() else []
        steps = [int(m.group(1)) for m in map(_NAME.fullmatch, names) if m]
        return sorted(step for step in steps if self._path(step).name in names)

    def save(self):
        """Writes the state as it is now, and removes what is no longer kept.

        With optimizer state in shares, it is gathered first, a collective of all workers.

        Raises:
          StorageError: the disk is full or the folder cannot be written; older ones are untouched.
        """
        step = self._state.host.step
        if self.holds(step):
            return
        stored = tf.train.Checkpoint(variables=self._state.to_store())
        unfinished = self._folder / f"{_UNFINISHED}{step:08d}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            stored.write(str(unfinished / "variables"))
            manifest.write(unfinished, self._state.host)
            # There may be a damaged one of this step, which a resume has passed over.
            shutil.rmtree(self._path(step), ignore_errors=True)
            os.rename(unfinished, self._path(step))
            sync_folder(self._folder)
        except (OSError, tf.errors.OpError) as error:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise StorageError(
                f"{self._folder}: checkpoint of step {step} could not be written: "
                f"{storage.describe(error, self._folder) or _reason(error)}"
            ) from error
        self._whole.add(step)
        self._prune()

    def restore_latest(self):
        """Restores the newest readable checkpoint.

        Returns:
          its step, or None if there is no checkpoint at all.

        Raises:
          DataError: the folder has checkpoints and none can be read; or one was written by a newer
            tfapp, whose work would be lost if an older one were used in its place.
        """
        steps = self.steps()
        for step in reversed(steps):
            try:
                self.restore(step)
                return step
            except manifest.NewerFormat:
                raise
            except DataError as error:
                _LOG.warning("checkpoint: %s; trying the one before it", error)
        if steps:
            raise DataError(
                f"{self._folder}: none of the {len(steps)} checkpoints can be read; "
                "--resume=never with another --model_dir starts anew"
            )
        return None

    def holds(self, step):
        """Whether the checkpoint of `step` is there, written or read whole by this process."""
        return step in self._whole

    def restore(self, step, *, send=lambda variables: None):
        """Restores the checkpoint of `step`.

        Args:
          send: called with what has been read, name -> tf.Variable, to pass it on.

        Raises:
          DataError: it cannot be read, with file and reason.
        """
        path = self._path(step)
        self._whole.discard(step)  # until it is proven again
        host = manifest.read(path, step)
        try:
            with self._state.restoring() as variables:
                for part in _parts(variables):
                    status = tf.train.Checkpoint(variables=part).read(str(path / "variables"))
                    status.assert_existing_objects_matched().expect_partial()
                send(variables)
        except (ValueError, AssertionError, LookupError, TypeError, tf.errors.OpError) as error:
            raise DataError(f"{path}: does not fit this model: {_reason(error)}") from error
        self._state.host = host
        self._whole.add(step)

    def _path(self, step):
        return self._folder / f"step-{step:08d}"

    def _prune(self):
        kept = set(self.steps()[-self._keep :]) | {self._state.host.best_step}
        for step in self.steps():
            if step not in kept:
                shutil.rmtree(self._path(step), ignore_errors=True)
        for leftover in self._folder.glob(f"{_UNFINISHED}*"):
            shutil.rmtree(leftover, ignore_errors=True)


def read_weights(folder, step):
    """The weights that a run's answers were given with, from its checkpoint of `step`.

    Args:
      folder: of the checkpoints.
      step: of one of them.

    Returns:
      (trainable, non-trainable) values as lists of NumPy arrays, in the order of the model's
      variables; with EMA weights, these in place of the trainable ones.

    Raises:
      DataError: the checkpoint is not there, or damaged.
    """
    path = pathlib.Path(folder) / f"step-{step:08d}"
    manifest.read(path, step)
    try:
        reader = tf.train.load_checkpoint(str(path / "variables"))
        stored = {m.groups(): name for name in reader.get_variable_to_shape_map()
                  if (m := _STORED.fullmatch(name))}  # fmt: skip
        groups = {group for group, _ in stored}
        trainable = EMA if EMA in groups else TRAINABLE
        return tuple(
            [reader.get_tensor(stored[key]) for key in sorted(stored) if key[0] == group]
            for group in (trainable, NON_TRAINABLE)
        )
    except (ValueError, RuntimeError, tf.errors.OpError) as error:
        raise DataError(f"{path}: cannot be read: {_reason(error)}") from error


def _parts(variables):
    """Dicts of some of the named tf.Variables: those of a part are in memory twice while read."""
    part, total = {}, 0
    for name, variable in variables.items():
        size = variable.shape.num_elements() * variable.dtype.size
        if part and total + size > _READ_BYTES:
            yield part
            part, total = {}, 0
        part[name], total = variable, total + size
    yield part


def _reason(error):
    with contextlib.suppress(IndexError):
        return str(error).strip().splitlines()[0][:200]
    return type(error).__name__

"""A finished run that another one builds upon: its model, its preprocessing and its weights."""

import dataclasses
import logging

from tfapp import migrations
from tfapp.data.preprocessing import Preprocessing
from tfapp.errors import UsageError
from tfapp.experiment import kept
from tfapp.run_folder import CHECKPOINTS, IDENTITY, RunFolder
from tfapp.training.checkpoints import read_weights

_LOG = logging.getLogger("tfapp")
# Fields that decide what becomes of a feature, where another run takes the fitted preprocessing.
_OF_PREPROCESSING = ("text_length", "text_unit", "vocabulary_size", "target_transform")
_OF_HOLD_OUT = ("seed", "validation_split", "group_column")


@dataclasses.dataclass(frozen=True)
class FinishedRun:
    """What is known of it before its weights are read."""

    flag: str  # what it was named by, for messages: --init_from=FOLDER
    identity: dict  # fields of the `Config` that it is bound to
    model_name: str
    fitted: Preprocessing
    step: int  # whose weights count
    ranks: tuple[int, ...]  # of its dense layers, see `tfapp.compression.low_rank`; (): all whole
    _folder: RunFolder

    def weights(self):
        """(trainable, non-trainable) values as NumPy arrays, in the order of the model's variables.

        Those that it was exported with, so the EMA weights where it kept any.

        Raises:
          DataError: the checkpoint is damaged or gone.
        """
        return read_weights(self._folder.path / CHECKPOINTS, self.step)

    def check_alike(self, config, *, also=()):
        """Checks that the features are made as they are there.

        Args:
          config: a `Config`.
          also: names of more fields that must be the same.

        Raises:
          UsageError: a field differs.
        """
        for name in (*_OF_PREPROCESSING, *also):
            mine, theirs = vars(config)[name], self.identity[name]
            if mine != theirs:
                raise UsageError(
                    f"{self.flag}: was trained with --{name}={theirs}, not {mine}; use its flags"
                )

    def warn_of_hold_outs(self, config):
        """Warns if other examples were held out there, for a `Config` whose data holds out some."""
        for name in _OF_HOLD_OUT:
            if vars(config)[name] != self.identity[name]:
                _LOG.warning(
                    "%s: has --%s=%s, so it may have been trained on examples that this run holds "
                    "out", self.flag, name, self.identity[name],
                )  # fmt: skip

    def check_spec(self, spec):
        """Raises UsageError unless its preprocessing can be that of a `DataSpec`."""
        try:
            self.fitted.check(spec)
        except ValueError as error:
            raise UsageError(
                f"{self.flag}: was trained on other features or another label than those of "
                f"{spec.name} ({error})"
            ) from error


def read_finished(path, name):
    """The `FinishedRun` in a folder.

    Args:
      path: of the run's folder.
      name: of the flag that gives it.

    Raises:
      UsageError: it holds no run, or one that has not finished.
      DataError: a file in it is damaged.
    """
    flag, folder = f"--{name}={path}", RunFolder(path, None, is_new=False)
    if not (folder.path / CHECKPOINTS).is_dir():
        raise UsageError(f"{flag}: holds no checkpoints; name the folder of a finished run")
    summary = kept.summary(folder)
    if summary is None or summary["status"] != "done":
        raise UsageError(f"{flag}: has not finished; repeat its command first")
    identity = migrations.identity_from_json(
        folder.read_json(IDENTITY, migrations.IDENTITY), folder.path / IDENTITY
    )
    fitted = kept.fitted(folder)
    if fitted is None:
        raise UsageError(f"{flag}: lacks its preprocessing.json; restore it from a copy")
    model, choices = identity["model"], kept.choices(folder)
    return FinishedRun(
        flag=flag,
        identity=identity,
        model_name=choices.get(kept.MODEL, model) if model == "auto" else model,
        fitted=fitted,
        step=summary.get(kept.EXPORTED_STEP) or summary["steps"],
        ranks=tuple(choices.get(kept.RANKS, ())),
        _folder=folder,
    )

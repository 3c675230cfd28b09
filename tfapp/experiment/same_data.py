"""Whether a run that continues, or is evaluated, sees the data that it began with (data.json)."""

import logging

from tfapp.data import fingerprint as fingerprints
from tfapp.errors import DataError
from tfapp.given import kind_of
from tfapp.run_folder import DATA, damaged

_LOG = logging.getLogger("tfapp")
_SHOWN = 5  # changes that a message names


class SameData:
    """Compares a raw `Source` with the fingerprint in a run's folder, or keeps its own there."""

    def __init__(self, config, folder, fitted, *, train):
        """
        Args:
          config: a `Config`.
          folder: the `RunFolder`.
          fitted: the `Preprocessing` of an earlier start of the run, or None.
          train: whether the run trains; False: changes are only warned of, nothing is written.
        """
        self._config = config
        self._folder = folder
        self._fitted = fitted
        self._train = train

    def __call__(self, raw):
        """Compares `raw`, a `Source` with all splits.

        Returns:
          its fingerprint, a dict.

        Raises:
          DataError: it is not the data that the run began with, and training it further would
            mix the two; or it lacks what the model takes.
        """
        now = fingerprints.fingerprint(kind_of(self._config.dataset), raw)
        before = self._folder.read_json(DATA, fingerprints.SHAPE)
        if before is None:  # a new run, or one of tfapp 0.1.0
            self._check_features(raw)
        else:
            self._compare(before, now)
        if self._train and before != now:
            self._folder.write_json(DATA, now)
        return now

    def _compare(self, before, now):
        try:
            schema = fingerprints.schema_changes(before, now)
            changes = [] if schema else fingerprints.content_changes(before, now)
        except DataError as error:
            raise damaged(self._folder.path / DATA, str(error)) from error
        other_set = before.get("dataset") != now["dataset"]  # as --mode=eval allows
        where = f"--model_dir={self._folder.path}: the data has changed since the run began"
        if other_set:
            where = f"--dataset={now['dataset']}: is not like the data of {self._folder.path}"
        if schema:
            raise DataError(
                f"{where}, and the model does not fit it: {_listed(schema)}; another --model_dir "
                "starts anew"
            )
        if not changes or (other_set and not self._train):
            return
        if self._train and not self._config.accept_changed_data:
            raise DataError(
                f"{where}: {_listed(changes)}; --accept_changed_data goes on with it, another "
                "--model_dir starts anew"
            )
        goes_on = "; going on with it, as --accept_changed_data says" if self._train else ""
        _LOG.warning("%s: %s%s", where, _listed(changes), goes_on)

    def _check_features(self, raw):
        names = {feature.name for feature in raw.spec.features}
        if self._fitted is None or names == set(self._fitted.transforms):
            return
        different = sorted(names ^ set(self._fitted.transforms))
        raise DataError(
            f"--model_dir={self._folder.path}: the data has changed since the run began, and the "
            f"model does not fit it: {_listed([repr(name) for name in different])} is in one of "
            "them only; another --model_dir starts anew"
        )


def _listed(changes):
    more = len(changes) - _SHOWN
    return ", ".join(changes[:_SHOWN]) + (f" and {more} more" if more > 0 else "")

"""What an earlier start of a run left in its folder, proven to be what was written there."""

import pathlib

from tfapp.config import FLAGS
from tfapp.data import preprocessing
from tfapp.data.preprocessing import Preprocessing
from tfapp.run_folder import ADJUSTMENTS, CHOICES, PREPROCESSING, SUMMARY, damaged, read_json
from tfapp.runtime.json_shape import Each, Maybe
from tfapp.training.placement import PLACEMENTS

DRAWS = "draws"  # in choices.json: "counter" or "keras", what layers draw random numbers by
MODEL = "model"  # in choices.json: the name of the model
EXPORTED_STEP = "exported_step"  # in summary.json: whose weights were evaluated and exported
RANKS = "ranks"  # in choices.json: of the dense layers, see `tfapp.compression.low_rank`
RECIPE = "recipe"  # in choices.json: what was decided, by field
_CHOICES = {
    "precision": frozenset(FLAGS["precision"].choices) - {"auto"},
    "xla": frozenset(PLACEMENTS),
    DRAWS: Maybe(frozenset(("counter", "keras"))),
    MODEL: Maybe(str),
    RANKS: Maybe([int]),
    RECIPE: Maybe(Each((int, float, str, [str]))),
}
# What the end of a run, and a later start, read of a summary.
_SUMMARY = {
    "status": str,
    "steps": int,
    "total_steps": int,
    "reason": str,
    "metrics": Each(Each((float, None))),
    "best": {"step": (int, None), "metric": str, "value": (float, None)},
    "examples_per_second": (float, None),
    "step_ms": (float, None),
    "export": (str, None),
    EXPORTED_STEP: Maybe(int),
}


def choices(folder):
    """The `Choice.to_json` of a `RunFolder`, with the entries above; {}: none. Raises DataError."""
    return folder.read_json(CHOICES, _CHOICES) or {}


def choices_in(path):
    """The same of a folder that is not opened, where a run may have begun or not."""
    return read_json(pathlib.Path(path) / CHOICES, _CHOICES) or {}


def adjustments(folder):
    """What `Task.adjusted` takes, of a run that has ended; else {}. Raises DataError."""
    found = folder.read_json(ADJUSTMENTS, Each(float)) or {}
    positive = all(found.get(name, 1.0) > 0 for name in ("temperature", "smearing"))
    if not positive or not 0 < found.get("threshold", 0.5) < 1:
        raise damaged(folder.path / ADJUSTMENTS, f"its values are {found}")
    return found


def summary(folder):
    """The run's summary, a dict; None if it has not ended yet. Raises DataError."""
    return folder.read_json(SUMMARY, _SUMMARY)


def exported_step(folder, host, config):
    """The step whose weights count, as the end of the run decided; the best if it has not ended.

    Args:
      folder: the `RunFolder`.
      host: the `HostState` of the latest checkpoint.
      config: a `Config`, its recipe filled in.

    Raises:
      DataError: the summary is damaged.
    """
    found = summary(folder)
    if found and found["status"] == "done" and found["steps"] == host.step:
        step = found.get(EXPORTED_STEP)
        if step in (host.step, host.best_step):
            return step
    best = weights_asked_for(config) != "last"
    return host.best_step if best and host.best_step is not None else host.step


def weights_asked_for(config):
    """ "auto", "best" or "last", for a `Config` whose recipe is filled in."""
    if config.export_weights == "early_stopping":
        return "best" if config.early_stopping else "last"
    return config.export_weights


def fitted(folder):
    """The `Preprocessing` that the run began with; None at its first start. Raises DataError."""
    value = folder.read_json(PREPROCESSING, preprocessing.SHAPE)
    try:
        return None if value is None else Preprocessing.from_json(value)
    except ValueError as error:
        raise damaged(folder.path / PREPROCESSING, str(error)) from error


def check_fits(folder, transforms, spec):
    """Raises DataError unless a `Preprocessing` of the folder can be that of a `DataSpec`."""
    try:
        transforms.check(spec)
    except ValueError as error:
        raise damaged(folder.path / PREPROCESSING, str(error)) from error

"""What older versions of tfapp wrote into a run's folder, read as today's configuration.

A field that was renamed, whose values have changed their meaning, or whose default is another now
has an entry in `MIGRATIONS`: a run goes on with the defaults that it began with. A field that an
older version did not know has today's default unless there is such an entry.
"""

import collections.abc
import dataclasses
import re

import tfapp
from tfapp.config import FLAGS
from tfapp.errors import DataError
from tfapp.runtime.json_shape import Each
from tfapp.seed_recipe import SEED
from tfapp.spec import DIGITS

_KERAS_MUON = "keras.optimizers:Muon"
_UNMARKED = "0.1.0"  # what wrote a file without a version
_MARK = "# tfapp "
_VERSION = "tfapp"  # key of identity.json


@dataclasses.dataclass(frozen=True)
class Migration:
    """How the fields of a configuration changed with one version of tfapp."""

    version: str  # the first that writes the new form
    renamed: dict[str, str] = dataclasses.field(default_factory=dict)  # old name -> new name
    # new name -> what a value that an older version wrote is now
    changed: dict[str, collections.abc.Callable] = dataclasses.field(default_factory=dict)
    # name -> the default of older versions; of a field that they did not know, what they did
    defaults: dict = dataclasses.field(default_factory=dict)


# What identity.json looks like: see `runtime.json_shape`.
IDENTITY = Each((str, bool, int, float, None, [str]))
# Oldest first.
MIGRATIONS: tuple[Migration, ...] = (
    Migration(
        "0.3.0",
        changed={
            "monitor": lambda value: "task" if value == "auto" else value,
            # Muon took every matrix, the output layer's included.
            "optimizer": lambda value: _KERAS_MUON if value.lower() == "muon" else value,
        },
        defaults={
            "augment": (),
            "epochs": 50,
            "batch_size": 32,
            "optimizer": "adam",
            "learning_rate": 1e-3,
            "schedule": "constant",
            "warmup_steps": "0",
            "weight_decay": 0.0,
            "clip_norm": 0.0,
            "label_smoothing": 0.0,
            "early_stopping": 0,
            "evaluate_every": "1e",
            "monitor": "task",
            "export_weights": "early_stopping",
            "calibrate": False,
            "target_transform": "none",
            "unknown_category": "stop",
            "cpu_parts": 1,
        },
    ),
)


def mark():
    """The first line of flags.txt: a comment that holds the version."""
    return f"{_MARK}{tfapp.__version__}"


def is_marked(text):
    """Whether the text of a file of flags begins with a version."""
    return text.startswith(_MARK)


def version_of(text):
    """The version of tfapp that wrote the text of a run's flags.txt."""
    return text.splitlines()[0].removeprefix(_MARK).strip() if is_marked(text) else _UNMARKED


def is_newer(version):
    """Whether `version` is newer than this tfapp."""
    return _number(version) > _number(tfapp.__version__)


def names_in(version):
    """Every name of a field that `version` may have written -> its name today."""
    names = {name: name for name in FLAGS}
    for migration in reversed(_since(version)):
        names.update({old: names[new] for old, new in migration.renamed.items()})
    return names


def upgrade(values, version):
    """Fields that `version` wrote, name -> value, with today's names and meanings."""
    for migration in _since(version):
        values = {migration.renamed.get(name, name): value for name, value in values.items()}
        for name in migration.changed.keys() & values.keys():
            values[name] = migration.changed[name](values[name])
        values = {**migration.defaults, **values}
    return values


def as_begun_by(version, config):
    """`config` for a run that `version` began: with its defaults wherever it has today's."""
    then = {}
    for migration in reversed(_since(version)):
        then.update(migration.defaults)
    now = vars(config)
    seed = SEED if now["dataset"] == DIGITS and now["model"] == SEED["model"] else {}
    at_default = {n for n in then if now[n] in (FLAGS[n].default, seed.get(n, FLAGS[n].default))}
    return dataclasses.replace(config, **{name: then[name] for name in at_default})


def identity_to_json(identity):
    """What identity.json holds of a `Config.identity()`."""
    return {_VERSION: tfapp.__version__, **identity}


def identity_from_json(value, path):
    """Today's fields from the value of the identity.json at `path`, whatever version wrote it.

    Raises:
      DataError: it is no table of fields.
    """
    if not isinstance(value, dict):
        raise DataError(f"{path}: cannot be read (it holds no fields of a configuration)")
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in value.items()}
    values = upgrade(values, str(values.pop(_VERSION, _UNMARKED)))
    return {name: flag.default for name, flag in FLAGS.items()} | values


def version_of_identity(value):
    """The version of tfapp that wrote identity.json, from its value; today's for None."""
    if value is None:
        return tfapp.__version__
    return value.get(_VERSION, _UNMARKED) if isinstance(value, dict) else _UNMARKED


def _since(version):
    return [m for m in MIGRATIONS if _number(version) < _number(m.version)]


def _number(version):
    return [int(part) for part in re.findall(r"\d+", version)[:3]]

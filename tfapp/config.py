"""The configuration of a run: every default, with what --help says of it and what it may be.

A field's name is its flag's name. Fields with `identity` decide what is computed: a run's folder is
bound to their values, whereas the others may change when a run is continued.
"""

import dataclasses

from tfapp import config_checks, given
from tfapp.config_fields import flags_of
from tfapp.config_groups.answers import Answers
from tfapp.config_groups.compression import Compression
from tfapp.config_groups.data import Data
from tfapp.config_groups.data_service import DataService
from tfapp.config_groups.hardware import Hardware
from tfapp.config_groups.model import Model
from tfapp.config_groups.recipe import Recipe
from tfapp.config_groups.run import Run
from tfapp.config_groups.saving import Saving
from tfapp.config_groups.serving import Serving
from tfapp.seed_recipe import AUTO, SEED
from tfapp.spec import DIGITS


@dataclasses.dataclass(frozen=True)
class Config(
    Serving, Answers, Saving, DataService, Hardware, Compression, Recipe, Model, Data, Run
):
    """All settings of one run, by the names of the flags of the command line.

    The fields are those of its bases, the last base's first, which is their order in --help.

    From Python `dataset` may also be a pandas or Polars DataFrame, a `pyarrow.Table`, a dict of
    arrays, (x, y) arrays, a dict of these by split, or a function that returns such a dict; and
    `model` a `keras.Model`, or a class or function that makes one.

    Raises:
      UsageError: an unknown name, or a value that cannot work.
    """

    def __new__(cls, *args, **fields):
        del args
        config_checks.check_known(fields, FLAGS)
        return super().__new__(cls)

    def __post_init__(self):
        object.__setattr__(self, "dataset", given.dataset(self.dataset))
        object.__setattr__(self, "model", given.model(self.model))
        for name, flag in FLAGS.items():
            value = config_checks.converted(name, getattr(self, name), flag)
            config_checks.check_text(name, value)
            object.__setattr__(self, name, value)
        if self.dataset == DIGITS and self.model in ("auto", SEED["model"]):
            for name in (name for name in SEED if getattr(self, name) in AUTO):
                object.__setattr__(self, name, SEED[name])
        for name, flag in FLAGS.items():
            config_checks.check_value(name, getattr(self, name), flag)
        config_checks.check_forms(self)
        config_checks.check_together(self)

    def identity(self):
        """The fields that a run's folder is bound to, as a dict."""
        always = [name for name, flag in FLAGS.items() if flag.identity]
        at_times = [name for name, flag in FLAGS.items() if self._is_bound(flag.identity_unless)]
        values = {name: getattr(self, name) for name in (*always, *at_times)}
        return {name: given.kind_of(value) for name, value in values.items()}

    def resolved(self):
        """The fields that say what is computed, and not where or how, as a dict."""
        return {name: getattr(self, name) for name, flag in FLAGS.items() if flag.resolved}

    def _is_bound(self, unless):
        return bool(unless) and getattr(self, unless[0]) != unless[1]


FLAGS = flags_of(Config)  # name -> `Flag`, in the order of --help

"""Puts what auto stands for into a Config, and says in one line what that is and why."""

import dataclasses
import logging
import math

from tfapp.config import SEED
from tfapp.data.splits.split_names import TRAIN
from tfapp.experiment.recipe.rules import RULES, kind_of

_LOG = logging.getLogger("tfapp")
_AUTO = "auto"
FIELDS = tuple(name for name in SEED if name != "model")
_MOST_EVALUATIONS = 100  # of a run, unless its epochs are longer than that
_LEAST_EVALUATIONS = 20
_LEAST_PATIENCE = 5  # evaluations


def fill_in(config, data, *, num_replicas, kept=None):
    """Decides every field of the recipe that is auto.

    Args:
      config: a `Config`.
      data: a `Data`.
      num_replicas: that a batch is divided among.
      kept: what an earlier start of the run decided, name -> value; None: nothing yet.

    Returns:
      (a `Config` without auto in its recipe, what was decided as name -> value).

    Raises:
      UsageError: a value that was decided contradicts a flag.
    """
    given = {name: value for name, value in vars(config).items() if value != _AUTO}
    open_fields = [name for name in FIELDS if name not in given]
    if not open_fields:
        return config, {}
    examples = data.source.splits[TRAIN].num_examples
    kind = kind_of(data.inputs, data.spec.label)
    if kept is None:
        kept = _decide(given, RULES[kind](examples), examples, num_replicas * config.accumulate)
    decided = {name: kept[name] for name in open_fields}
    filled = dataclasses.replace(config, **decided)
    _LOG.info("recipe: %s (auto: %s, %s examples)", _described(decided), kind, f"{examples:,}")
    return filled, decided


def _decide(given, recipe, examples, divisor):
    """Every field of the recipe, name -> value; those that are given stay as they are."""
    values = dataclasses.asdict(recipe)
    values["batch_size"] = _divisible(recipe.batch_size, examples, divisor)
    batch_size = given.get("batch_size", values["batch_size"])
    # Adam's steps have a size of their own: noise falls with the root of the batch (Malladi et
    # al., arXiv:2205.10287).
    values["learning_rate"] = float(
        f"{recipe.learning_rate * math.sqrt(batch_size / recipe.batch_size):.2g}"
    )
    per_epoch = max(examples // batch_size, 1)
    epochs = math.ceil(recipe.steps / per_epoch)
    values["epochs"] = min(max(epochs, recipe.least_epochs), recipe.most_epochs)
    total = given["steps"] or given.get("epochs", values["epochs"]) * per_epoch
    every = min(max(per_epoch, total // _MOST_EVALUATIONS), total // _LEAST_EVALUATIONS)
    values["evaluate_every"] = str(max(every, 1))
    patience = math.ceil(recipe.patience * total / max(every, 1))
    values["early_stopping"] = max(patience, _LEAST_PATIENCE) if recipe.patience else 0
    return {name: given.get(name, values[name]) for name in FIELDS}


def _divisible(batch_size, examples, divisor):
    """The batch size or, where the data or the replicas demand it, the nearest below or above."""
    batch_size = min(batch_size, examples)
    return max(batch_size // divisor, 1) * divisor


def _described(decided):
    """ "epochs 128, batch_size 32, ..." """
    return ", ".join(f"{name} {value}" for name, value in decided.items())

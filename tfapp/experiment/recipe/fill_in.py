"""Puts what auto stands for into a Config, and into one line for the log."""

import dataclasses
import math

from tfapp.data.augmentation import NONE
from tfapp.data.splits.split_names import TRAIN
from tfapp.experiment import side_by_side
from tfapp.experiment.batch_plan import in_steps
from tfapp.experiment.recipe import augment, model_size, noise, small_table
from tfapp.experiment.recipe.evaluations import interval, patience
from tfapp.experiment.recipe.rules import recipe_for
from tfapp.flag_values import parse_duration
from tfapp.models import recipe_of
from tfapp.seed_recipe import AUTO, SEED
from tfapp.spec import kind_of_data

FIELDS = tuple(name for name in SEED if name not in ("model", "export_weights"))
_SMOOTHED = ("auto", "classification")  # tasks whose labels may be smoothed unasked


def fill_in(config, data, *, num_replicas, model, kept=None, changes=None):
    """Decides every field of the recipe that is auto.

    Args:
      config: a `Config`.
      data: a `Data`.
      num_replicas: that a batch is divided among.
      model: --model, or what auto stands for.
      kept: what an earlier start of the run decided, name -> value; None: nothing yet.
      changes: of --augment, what suits the data; None: the data is looked at.

    Returns:
      (a `Config` without auto in its recipe, what was decided as name -> value).

    Raises:
      UsageError: a value that was decided contradicts a flag.
    """
    if config.augment == NONE:
        config = dataclasses.replace(config, augment=())
    given = {name: value for name, value in vars(config).items() if value not in AUTO}
    examples = data.source.splits[TRAIN].num_examples
    label = data.spec.label
    kind = kind_of_data(data.inputs, label)
    recipe = recipe_for(kind, examples, len(data.inputs), label)
    own = recipe_of(model)
    if "weight_decay" not in {**own, **given, **(kept or {})}:
        own = {**own, "weight_decay": noise.weaker(recipe.weight_decay, data)}
    recipe = dataclasses.replace(recipe, **own)
    if label.kind != "class" or config.task not in _SMOOTHED:
        recipe = dataclasses.replace(recipe, label_smoothing=0.0)
    rule = _decide(given, recipe, examples, num_replicas * config.accumulate)
    decided = {name: value for name, value in rule.items() if name not in given}
    found = (name for name in kept or {} if name in decided or _is_found(config, name))
    decided.update({name: _value(kept[name]) for name in found})
    if "augment" in decided and "augment" not in (kept or {}):
        decided["augment"] = augment.choose(recipe.augment, data) if changes is None else changes
    for rule in (model_size, small_table):
        decided.update(rule.decide(dataclasses.replace(config, **decided), data, kept))
    decided.update(
        side_by_side.decide(
            dataclasses.replace(config, **decided), model, num_replicas=num_replicas, begun=kept
        )
    )
    return dataclasses.replace(config, **decided), decided


def in_words(decided, data, *, in_steps):
    """The line for the log: what was decided for which data.

    `in_steps`: whether a number of steps ends the run, so that epochs say nothing.
    """
    shown = {k: ",".join(v) if isinstance(v, tuple) else v for k, v in decided.items()}
    if in_steps:
        shown.pop("epochs", None)
    what = ", ".join(f"{name} {value}" for name, value in shown.items() if value != "")
    examples = data.source.splits[TRAIN].num_examples
    return f"{what} (auto: {kind_of_data(data.inputs, data.spec.label)}, {examples:,} examples)"


def _value(kept):
    """A value of choices.json, where a tuple is a list."""
    return tuple(kept) if isinstance(kept, list) else kept


def _is_found(config, name):
    """Whether a rehearsal decides the field."""
    return (name, config.learning_rate) == ("learning_rate", "find") or (
        name == "steps" and bool(config.time_budget)
    )


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
    every = interval(total, per_epoch)
    values["evaluate_every"] = str(every)
    if "evaluate_every" in given:
        duration = parse_duration(given["evaluate_every"], "evaluate_every")
        every = in_steps(duration, per_epoch=per_epoch, total=total, batch_size=batch_size)
    values["early_stopping"] = patience(recipe.patience, total, every)
    return {name: given.get(name, values[name]) for name in FIELDS}


def _divisible(batch_size, examples, divisor):
    """The batch size or, where the data or the replicas demand it, the nearest below or above."""
    batch_size = min(batch_size, examples)
    return max(batch_size // divisor, 1) * divisor

"""From prepared data to a complete `Experiment`: model, task, engine, choice, state, loop.

What cannot work fails here, in one line, before the first step.
"""

import dataclasses
import functools
import gc
import hashlib
import json
import logging

from tfapp.compression.low_rank import describe as describe_ranks
from tfapp.compression.low_rank import ranks_of
from tfapp.data.fingerprint import without_times
from tfapp.distribution.fingerprint import check_alike
from tfapp.experiment import kept
from tfapp.experiment.devices import choose_devices
from tfapp.experiment.earlier import Earlier, read_earlier
from tfapp.experiment.experiment import Experiment
from tfapp.experiment.ground import lay, name_model
from tfapp.experiment.model_outputs import describe
from tfapp.experiment.prepare import prepare
from tfapp.experiment.recipe.fill_in import fill_in, in_words
from tfapp.experiment.rehearsal import is_needed, rehearse
from tfapp.experiment.same_data import SameData
from tfapp.experiment.sharing import describe_sharing
from tfapp.experiment.time_budget import check_budget
from tfapp.models.batch_statistics import division_note
from tfapp.models.remarks import remarks
from tfapp.run_folder import CHECKPOINTS, CHOICES, PREPROCESSING
from tfapp.training.memory import NoRoom

_LOG = logging.getLogger("tfapp")


def assemble(config, folder, *, distribution=None, train=True):
    """Builds an `Experiment`.

    Args:
      config: a `Config` whose names are checked.
      folder: the `RunFolder`. What an earlier start fitted and chose is read from it and, if this
        run trains, what this one does is written to it.
      distribution: the `Distribution`; None: what the configuration asks for.
      train: whether the run trains; False: it is only evaluated, and the folder is only read.

    Raises:
      TfappError: whatever cannot work, before the first step.
    """
    strategy, cluster, devices = distribution or choose_devices(config)
    if train and config.time_budget:
        check_budget(config.time_budget, cluster)
    _LOG.info("device: %s", devices)
    earlier = _earlier(config, folder, cluster) if train else Earlier()
    data = _prepare(config, folder, cluster, train, earlier.preprocessing_of)
    earlier.warn_of_hold_outs(config, data.source.held_out)
    begun = kept.choices(folder)
    given, replicas = config, strategy.num_replicas_in_sync
    model = name_model(config, data, begun.get(kept.MODEL) if begun else "")
    auto = functools.partial(fill_in, data=data, num_replicas=replicas, model=model)
    # A run that began before there was a choice goes on with Keras's generator.
    draws = begun.get(kept.DRAWS, "keras") if begun else "counter"
    lay_for = functools.partial(
        lay,
        data=data,
        strategy=strategy,
        cluster=cluster,
        model_name=model,
        keras_draws=draws == "keras",
        adjustments={} if train else kept.adjustments(folder),
        earlier=earlier,
    )

    def build(given):
        config, recipe = auto(given, kept=_recipe(begun))
        ground = lay_for(config)
        if not train or not is_needed(config):
            return config, recipe, ground, ground.build(config, kept=begun, measure=train)
        # What the data was looked at for stays; what follows from the length is decided again.
        looked_at = recipe.get("augment")

        def refill(found):
            filled, decided = auto(dataclasses.replace(given, **found), changes=looked_at)
            return filled, {**decided, **found}

        config, recipe, parts = rehearse(
            config, ground, given=given, refill=refill, folder=folder, kept=begun
        )
        return config, recipe, ground, parts

    config, recipe, ground, parts = _with_room(build, given, cluster)
    check_alike(cluster, "its recipe", recipe)
    if recipe and train:
        _LOG.info("recipe: %s", in_words(recipe, data, in_steps=config.steps > 0))
    choice = parts.settled.choice
    if train:
        more = {kept.DRAWS: draws, kept.MODEL: ground.model_name, kept.RECIPE: recipe}
        if any(ranks := ranks_of(parts.settled.state.model)):
            more[kept.RANKS] = ranks
        folder.write_json(CHOICES, {**choice.to_json(), **more})
    experiment = _experiment(config, ground, parts, choice)
    _log(experiment)
    return experiment


def _with_room(build, given, cluster):
    """What `build` makes of a `Config`, with the largest batch for which there is room.

    A batch that is given stays. Several workers cannot go on after one of them has found no room.
    """
    found = {}
    while True:
        try:
            config, recipe, ground, parts = build(dataclasses.replace(given, **found))
            return config, {**recipe, **found}, ground, parts
        except NoRoom as error:
            size = error.batch_size // 2
            if given.batch_size != "auto" or size < error.least_batch or cluster.num_workers > 1:
                raise
            _LOG.info("recipe: batch_size %d: %s; trying %d", 2 * size, error.why, size)
            found = {"batch_size": size}
        gc.collect()  # models, and functions that are traced, are in cycles


def _recipe(begun):
    """What an earlier start of the run decided; None: it begins now."""
    return begun.get(kept.RECIPE, {}) if begun else None


def _earlier(config, folder, cluster):
    """The `Earlier` runs of a `Config` that trains in a `RunFolder`. Raises UsageError."""
    begun = cluster.agree(any((folder.path / CHECKPOINTS).glob("step-*")))
    return read_earlier(config, begun=begun)


def _prepare(config, folder, cluster, train, other):
    """`other`: the `FinishedRun` whose preprocessing a new run takes; None: it fits its own."""
    own = kept.fitted(folder)
    same_data = SameData(config, folder, own, train=train)

    def check(raw):
        check_alike(cluster, "the data", without_times(same_data(raw)))
        if own is not None:
            kept.check_fits(folder, own, raw.spec)
        elif other is not None:
            other.check_spec(raw.spec)

    data = prepare(
        config,
        fitted=own,
        taken=other and other.fitted,
        list_in=folder.path if train else None,
        check=check,
    )
    check_alike(cluster, "what is fitted on the data", _sum(data.preprocess.to_json()))
    if own is None:
        folder.write_json(PREPROCESSING, data.preprocess.to_json())
    return data


def _sum(value):
    """A short name of a value that JSON can hold."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def _experiment(config, ground, parts, choice):
    return Experiment(
        config=config,
        model_name=ground.model_name,
        data=ground.data,
        strategy=ground.strategy,
        cluster=ground.cluster,
        batches=parts.batches,
        steps=parts.steps,
        engine_choice=ground.engine_choice,
        choice=choice,
        state=parts.settled.state,
        run_loop=parts.settled.run_loop,
        evaluate=parts.evaluate,
    )


def _log(experiment):
    choice, engine = experiment.choice, experiment.engine_choice
    parameters = f"{experiment.model.count_params():,}"
    _LOG.info("model: %s, %s parameters", experiment.model_name, parameters)
    batches = experiment.batches
    note = division_note(
        experiment.model,
        batch_size=batches.batch_size,
        num_replicas=batches.num_replicas,
        accumulate=batches.accumulate,
    )
    if note:
        _LOG.info("model: %s", note)
    reading = describe(experiment.state.read_outputs, experiment.data.spec.label)
    for remark in (*remarks(experiment.model), reading):
        if remark:
            _LOG.info("model: %s", remark)
    pruning = experiment.steps.compression.pruning
    if pruning is not None:
        _LOG.info("pruning: %s", pruning.describe(experiment.model))
    _log_ranks(describe_ranks(experiment.model), experiment.config.low_rank)
    replicas = batches.num_replicas
    for line in describe_sharing(experiment.config, experiment.state, num_replicas=replicas):
        _LOG.info("%s", line)
    _LOG.info("engine: %s (%s)", engine.name, engine.reason)
    _LOG.info("precision: %s (%s)", choice.precision, choice.precision_reason)
    _LOG.info("xla: %s (%s)", choice.placement, choice.placement_reason)


def _log_ranks(found, error):
    """Logs which layers are low-rank; `error` is the bound within which layers were asked to be."""
    for path, layer in found.items():
        rows, columns = layer["shape"]
        _LOG.info("low rank: %s, %d x %d, has rank %d", path, rows, columns, layer["rank"])
    if error and not found:
        _LOG.warning(
            "low rank: within --low_rank=%g no dense layer would have fewer weights; raise it",
            error,
        )

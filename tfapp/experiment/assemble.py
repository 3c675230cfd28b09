"""From prepared data to a complete `Experiment`: model, task, engine, choice, state, loop.

What cannot work fails here, in one line, before the first step.
"""

import dataclasses
import functools
import logging

from tfapp.distribution.devices import device_type
from tfapp.experiment import kept
from tfapp.experiment.devices import choose_devices
from tfapp.experiment.evaluations import Evaluations
from tfapp.experiment.experiment import Experiment
from tfapp.experiment.ground import lay, name_model
from tfapp.experiment.model_outputs import describe
from tfapp.experiment.prepare import prepare
from tfapp.experiment.recipe.fill_in import fill_in, in_words
from tfapp.experiment.rehearsal import is_needed, rehearse
from tfapp.experiment.same_data import SameData
from tfapp.models.batch_statistics import division_note
from tfapp.models.remarks import remarks
from tfapp.run_folder import CHOICES, PREPROCESSING

_LOG = logging.getLogger("tfapp")
_COMPILED_EVALUATION = ("loop", "step", "gradients")  # placements whose forward pass XLA compiles


def assemble(config, folder, *, train=True):
    """Builds an `Experiment`.

    Args:
      config: a `Config` whose names are checked.
      folder: the `RunFolder`. What an earlier start fitted and chose is read from it and, if this
        run trains, what this one does is written to it.
      train: whether the run trains; False: it is only evaluated, and the folder is only read.

    Raises:
      TfappError: whatever cannot work, before the first step.
    """
    strategy, cluster, devices = choose_devices(config)
    _LOG.info("device: %s", devices)
    data = _prepare(config, folder, train)
    begun = kept.choices(folder)
    given, replicas = config, strategy.num_replicas_in_sync
    model = name_model(config, data, begun.get(kept.MODEL) if begun else "")
    auto = functools.partial(fill_in, data=data, num_replicas=replicas, model=model)
    config, recipe = auto(given, kept=_recipe(begun))
    # A run that began before there was a choice goes on with Keras's generator.
    draws = begun.get(kept.DRAWS, "keras") if begun else "counter"
    ground = lay(
        config,
        data,
        strategy,
        cluster,
        model_name=model,
        keras_draws=draws == "keras",
        adjustments={} if train else kept.adjustments(folder),
    )
    choice = None
    if train and is_needed(config):
        found, choice = rehearse(config, ground, folder=folder, kept=begun)
        # What the data was looked at for stays; what follows from the length is decided again.
        looked_at = {"augment": recipe["augment"]} if "augment" in recipe else None
        config, recipe = auto(dataclasses.replace(given, **found), kept=looked_at)
        recipe.update(found)
    if recipe and train:
        _LOG.info("recipe: %s", in_words(recipe, data, in_steps=config.steps > 0))
    parts = ground.build(config, kept=choice.to_json() if choice else begun, measure=train)
    choice = choice or parts.settled.choice
    if train:
        more = {kept.DRAWS: draws, kept.MODEL: ground.model_name, kept.RECIPE: recipe}
        folder.write_json(CHOICES, {**choice.to_json(), **more})
    experiment = _experiment(config, ground, parts, choice)
    _log(experiment)
    return experiment


def _recipe(begun):
    """What an earlier start of the run decided; None: it begins now."""
    return begun.get(kept.RECIPE, {}) if begun else None


def _prepare(config, folder, train):
    fitted = kept.fitted(folder)
    same_data = SameData(config, folder, fitted, train=train)

    def check(raw):
        same_data(raw)
        if fitted is not None:
            kept.check_fits(folder, fitted, raw.spec)

    data = prepare(config, fitted=fitted, list_in=folder.path if train else None, check=check)
    if fitted is None:
        folder.write_json(PREPROCESSING, data.preprocess.to_json())
    return data


def _experiment(config, ground, parts, choice):
    batches, steps, settled = parts
    return Experiment(
        config=config,
        model_name=ground.model_name,
        data=ground.data,
        strategy=ground.strategy,
        cluster=ground.cluster,
        batches=batches,
        steps=steps,
        engine_choice=ground.engine_choice,
        choice=choice,
        state=settled.state,
        run_loop=settled.run_loop,
        evaluate=_evaluations(ground.data, batches, steps, ground.engine_choice, settled),
    )


def _evaluations(data, batches, steps, engine_choice, settled):
    return Evaluations(
        source=data.source,
        state=settled.state,
        task=steps.task,
        preprocess=data.preprocess,
        strategy=steps.strategy,
        batch_size=batches.eval_batch_size,
        device_type=device_type(),
        allowed=engine_choice.left / 2,  # as much for validation as for test
        reader=data.reader,
        jit=settled.choice.placement in _COMPILED_EVALUATION,
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
    _LOG.info("engine: %s (%s)", engine.name, engine.reason)
    _LOG.info("precision: %s (%s)", choice.precision, choice.precision_reason)
    _LOG.info("xla: %s (%s)", choice.placement, choice.placement_reason)

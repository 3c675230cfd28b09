"""From prepared data to a complete `Experiment`: model, task, engine, choice, state, loop.

What cannot work fails here, in one line, before the first step.
"""

import logging

from tfapp.data.pipeline import choose as engines
from tfapp.data.splits.split_names import TRAIN
from tfapp.distribution.devices import device_type
from tfapp.experiment import augment, kept
from tfapp.experiment.batch_plan import plan_batches
from tfapp.experiment.class_weights import class_weights
from tfapp.experiment.devices import choose_devices
from tfapp.experiment.evaluations import Evaluations
from tfapp.experiment.experiment import Experiment
from tfapp.experiment.prepare import prepare
from tfapp.experiment.same_data import SameData
from tfapp.experiment.settle import settle
from tfapp.experiment.steps import StepBuilder
from tfapp.models.auto import choose_model
from tfapp.run_folder import CHOICES, PREPROCESSING
from tfapp.tasks import build_task
from tfapp.training.step import StepOptions

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
    batches = plan_batches(
        data.source,
        num_replicas=strategy.num_replicas_in_sync,
        batch_size=config.batch_size,
        accumulate=config.accumulate,
        eval_batch_size=config.eval_batch_size,
        epochs=config.epochs,
        steps=config.steps,
    )
    model_name = _model_name(config, data)
    engine_choice, engine, change = _input(config, data, batches, strategy, cluster)
    choices = kept.choices(folder)
    # A run that began before there was a choice goes on with Keras's generator.
    draws = choices.get(kept.DRAWS, "keras") if choices else "counter"
    steps = _steps(config, data, batches, strategy, engine, change, draws)
    settled = settle(
        config,
        model_name,
        data,
        batches,
        steps,
        cluster,
        kept=choices,
        measure=train,
    )
    if train:
        folder.write_json(CHOICES, {**settled.choice.to_json(), kept.DRAWS: draws})
    experiment = Experiment(
        config=config,
        model_name=model_name,
        data=data,
        strategy=strategy,
        cluster=cluster,
        batches=batches,
        steps=steps,
        engine_choice=engine_choice,
        choice=settled.choice,
        state=settled.state,
        run_loop=settled.run_loop,
        evaluate=_evaluations(data, batches, steps, engine_choice, settled),
    )
    _log(experiment)
    return experiment


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


def _model_name(config, data):
    if config.model != "auto":
        return config.model
    name, reason = choose_model(data.inputs, data.spec.label)
    _LOG.info("model: %s (auto: %s)", name, reason)
    return name


def _input(config, data, batches, strategy, cluster):
    """(EngineChoice, Engine, Augmentation or None) of the training split."""
    split, entries, crops = augment.divide(config.augment, data.source.splits[TRAIN])
    change = augment.build(entries, data, micro_batch=batches.micro_batch)
    choice = engines.choose(
        config.engine,
        split,
        strategy=strategy,
        device_type=device_type(),
        crops=crops,
        free=cluster.agree(engines.free_bytes(device_type())),
    )
    engine = engines.build(
        choice,
        split,
        strategy=strategy,
        batch_size=batches.batch_size,
        seed=config.seed,
        with_seeds=bool(config.augment),
    )
    return choice, engine, change


def _steps(config, data, batches, strategy, engine, change, draws):
    return StepBuilder(
        strategy=strategy,
        task=_task(config, data),
        preprocess=data.preprocess,
        augment=change,
        engine=engine,
        label=data.spec.label.name,
        options=StepOptions(
            batch_size=batches.batch_size,
            num_replicas=batches.num_replicas,
            accumulate=batches.accumulate,
            clip_norm=config.clip_norm,
            ema=config.ema,
            remat=config.remat,
            keras_draws=draws == "keras",
            skip_nonfinite=config.nan_policy == "skip",
            deterministic=config.deterministic,
        ),
        bad_examples=data.source.bad_examples,
    )


def _task(config, data):
    recipe = {}
    if data.preprocess.target is not None and config.task in ("auto", "regression"):
        recipe["target"] = data.preprocess.target
    if config.label_smoothing:
        recipe["label_smoothing"] = config.label_smoothing
    if config.class_weight:
        recipe["class_weight"] = class_weights(config.class_weight, data.source)
    return build_task(config.task, config.loss, data.spec.label, **recipe)


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
        jit=settled.choice.placement in _COMPILED_EVALUATION,
    )


def _log(experiment):
    choice, engine = experiment.choice, experiment.engine_choice
    parameters = f"{experiment.model.count_params():,}"
    _LOG.info("model: %s, %s parameters", experiment.model_name, parameters)
    _LOG.info("engine: %s (%s)", engine.name, engine.reason)
    _LOG.info("precision: %s (%s)", choice.precision, choice.precision_reason)
    _LOG.info("xla: %s (%s)", choice.placement, choice.placement_reason)

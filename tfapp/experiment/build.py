"""From a Config to an Experiment: source, model, task, state, engine, placement.

`build` makes everything that training and evaluation share, and checks it on real examples, so that
what cannot work fails here, in one line, before the first step.
"""

import dataclasses
import logging

from tfapp.data import preprocessing
from tfapp.data.pipeline import choose as engines
from tfapp.distribution.strategy import build_strategy, device_type
from tfapp.durations import RunLength
from tfapp.errors import DataError, UsageError
from tfapp.experiment import augment
from tfapp.experiment.calibration import choose
from tfapp.experiment.class_weights import class_weights
from tfapp.experiment.encoding import encode, fit, open_data
from tfapp.experiment.experiment import Experiment
from tfapp.models.auto import choose_model
from tfapp.run_folder import PREPROCESSING
from tfapp.tasks import build_task
from tfapp.training.checkpoints import Checkpoints

_LOG = logging.getLogger("tfapp")
_EXAMPLES = 64  # of the test split, raw, on which an export is compared


def build(config, folder, *, calibrate=True):
    """Builds an `Experiment`.

    Args:
      config: a `Config`.
      folder: the `RunFolder`; what was fitted or measured by an earlier start is read from it.
      calibrate: whether --xla=auto and --precision=auto may measure.

    Raises:
      TfappError: whatever cannot work, before the first step.
    """
    strategy, devices = build_strategy(config)
    _LOG.info("device: %s", devices)
    source = open_data(config)
    if calibrate:  # a run that is only evaluated keeps its list
        source.bad_examples.keep_in(folder.path)
    examples = _raw_examples(source)
    preprocess = _preprocessing(config, folder, source)
    source = encode(config, source, preprocess)
    _log_source(source)
    _check_batch(config, source, strategy.num_replicas_in_sync)
    config = _with_model(config, source, preprocess)
    train, entries, crops = augment.plan(config, source.spec, source.splits["train"])
    augmentation = augment.build(config, entries, source, preprocess, strategy.num_replicas_in_sync)
    engine_choice = engines.choose(
        config.engine, train, strategy=strategy, device_type=device_type(), crops=crops
    )
    steps_per_epoch = train.num_examples // config.batch_size
    experiment = Experiment(
        config=config,
        source=source,
        strategy=strategy,
        task=_task(config, source, preprocess),
        preprocess=preprocess,
        engine=engines.build(
            engine_choice,
            train,
            strategy=strategy,
            batch_size=config.batch_size,
            seed=config.seed,
            with_seeds=bool(config.augment),
        ),
        engine_choice=engine_choice,
        augment=augmentation,
        examples=examples,
        length=RunLength(
            steps_per_epoch, config.steps or config.epochs * steps_per_epoch, config.batch_size
        ),
    )
    choose.settle(experiment, folder, device_type=device_type(), calibrate=calibrate)
    _log_choices(experiment)
    return experiment


def restore(config, folder):
    """Builds an `Experiment` with the weights that a run ended with.

    Returns:
      (experiment, step): step is the optimizer step of these weights.

    Raises:
      DataError: no checkpoint can be read.
    """
    experiment = build(config, folder, calibrate=False)
    checkpoints = Checkpoints(folder.path / "checkpoints", experiment.state, keep=config.keep)
    last = checkpoints.restore_latest()
    if last is None:
        raise DataError(f"--model_dir={folder.path}: holds no checkpoint")
    return experiment, use_best_weights(config, checkpoints, experiment.state)


def use_best_weights(config, checkpoints, state):
    """With --early_stopping, the weights that count are those of the best step, not the last.

    Returns that step.
    """
    host = state.host
    if config.early_stopping and host.best_step not in (None, host.step):
        _LOG.info("weights: those of step %d, the best on validation", host.best_step)
        checkpoints.restore(host.best_step)
        state.host = host
        return host.best_step
    return host.step


def _log_source(source):
    spec = source.spec
    counts = ", ".join(f"{split.num_examples:,} {name}" for name, split in source.splits.items())
    features = ", ".join(f"{f.name} {f.dtype}{list(f.shape)}" for f in spec.features)
    label = {
        "class": f"{spec.label.num_classes} classes",
        "real": "real values",
        "tokens": f"the next of {spec.label.num_classes} tokens",
    }[spec.label.kind]
    _LOG.info("data: %s: %s examples; %s -> %s", spec.name, counts, features, label)


def _log_choices(experiment):
    config, choice = experiment.config, experiment.choice
    parameters = f"{experiment.model.count_params():,}"
    _LOG.info("model: %s, %s parameters", config.model, parameters)
    _LOG.info("engine: %s (%s)", experiment.engine_choice.name, experiment.engine_choice.reason)
    _LOG.info("precision: %s (%s)", choice.precision, choice.precision_reason)
    _LOG.info("xla: %s (%s)", choice.placement, choice.placement_reason)


def _check_batch(config, source, replicas):
    examples = source.splits["train"].num_examples
    if config.batch_size > examples:
        raise UsageError(
            f"--batch_size={config.batch_size}: is larger than the {examples} training examples "
            f"of {source.spec.name}"
        )
    if config.batch_size % (replicas * config.accumulate):
        raise UsageError(
            f"--accumulate={config.accumulate}: --batch_size={config.batch_size} does not divide "
            f"into {config.accumulate} micro-batches on each of {replicas} replica(s)"
        )
    for name, split in source.splits.items():
        if not split.num_examples:
            raise DataError(f"{source.spec.name}: split {name} is empty")


def _raw_examples(source):
    found = source.splits["test"].examples(_EXAMPLES)
    return {f.name: found[f.name] for f in source.spec.features}


def _task(config, source, preprocess):
    recipe = {}
    if preprocess.target is not None and config.task in ("auto", "regression"):
        recipe["target"] = preprocess.target
    if config.label_smoothing:
        recipe["label_smoothing"] = config.label_smoothing
    if config.class_weight:
        recipe["class_weight"] = class_weights(config.class_weight, source)
    return build_task(config.task, config.loss, source.spec.label, **recipe)


def _with_model(config, source, preprocess):
    """The configuration with a model in place of auto."""
    if config.model != "auto":
        return config
    name, reason = choose_model(preprocess.input_specs(source.spec), source.spec.label)
    _LOG.info("model: %s (auto: %s)", name, reason)
    return dataclasses.replace(config, model=name)


def _preprocessing(config, folder, source):
    """What the run's folder holds, or else fitted on train and kept there."""
    kept = folder.read_json(PREPROCESSING)
    if kept is not None:
        return preprocessing.Preprocessing.from_json(kept)
    fitted = fit(config, source)
    folder.write_json(PREPROCESSING, fitted.to_json())
    return fitted

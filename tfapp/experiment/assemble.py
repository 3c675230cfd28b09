"""From prepared data to a complete `Experiment`: model, task, engine, choice, state, loop.

What cannot work fails here, in one line, before the first step.
"""

import functools
import logging

from tfapp.data.pipeline import choose as engines
from tfapp.data.preprocessing import Preprocessing
from tfapp.distribution.cluster import SingleProcess
from tfapp.distribution.strategy import build_strategy, device_type
from tfapp.errors import DataError
from tfapp.experiment import augment
from tfapp.experiment.batch_plan import plan_batches
from tfapp.experiment.calibration.candidates import first_precision, list_candidates
from tfapp.experiment.calibration.choose import Question, choose
from tfapp.experiment.calibration.description import describe
from tfapp.experiment.calibration.measure import Candidate, Prepared
from tfapp.experiment.class_weights import class_weights
from tfapp.experiment.evaluations import Evaluations
from tfapp.experiment.experiment import Experiment
from tfapp.experiment.model_state import build_state
from tfapp.experiment.prepare import prepare
from tfapp.experiment.steps import StepBuilder
from tfapp.models.auto import choose_model
from tfapp.run_folder import CHECKPOINTS, CHOICES, PREPROCESSING
from tfapp.tasks import build_task
from tfapp.training.checkpoints import Checkpoints
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
    strategy, devices = build_strategy(
        strategy=config.strategy,
        logical_devices=config.logical_devices,
        batch_size=config.batch_size,
        deterministic=config.deterministic,
        require_gpu=config.require_gpu,
    )
    _LOG.info("device: %s", devices)
    cluster = SingleProcess()
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
    steps = _steps(config, data, batches, strategy, engine, change)
    make_state = functools.cache(
        functools.partial(build_state, config, model_name, strategy, data, batches)
    )
    make_loop = functools.cache(lambda p, x: steps.loop(make_state(p), x))
    choice = _choose(config, folder, data, batches, steps, cluster, make_state, make_loop, train)
    state = make_state(choice.precision)
    experiment = Experiment(
        config=config,
        model_name=model_name,
        data=data,
        strategy=strategy,
        cluster=cluster,
        batches=batches,
        steps=steps,
        engine_choice=engine_choice,
        choice=choice,
        state=state,
        run_loop=make_loop(choice.precision, choice.placement),
        evaluate=Evaluations(
            source=data.source,
            state=state,
            task=steps.task,
            preprocess=data.preprocess,
            strategy=strategy,
            batch_size=batches.eval_batch_size,
            device_type=device_type(),
            allowed=engine_choice.left / 2,  # as much for validation as for test
            jit=choice.placement in _COMPILED_EVALUATION,
        ),
    )
    _log(experiment)
    return experiment


def restore(config, folder):
    """Builds an `Experiment` with the weights that a run ended with.

    Returns:
      (experiment, step): step is the optimizer step of these weights.

    Raises:
      DataError: no checkpoint can be read.
    """
    experiment = assemble(config, folder, train=False)
    checkpoints = Checkpoints(folder.path / CHECKPOINTS, experiment.state, keep=config.keep)
    if checkpoints.restore_latest() is None:
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


def _prepare(config, folder, train):
    kept = folder.read_json(PREPROCESSING)
    data = prepare(
        config,
        fitted=kept and Preprocessing.from_json(kept),
        list_in=folder.path if train else None,
    )
    if kept is None:
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
    split, entries, crops = augment.divide(config.augment, data.source.splits["train"])
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


def _steps(config, data, batches, strategy, engine, change):
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
            skip_nonfinite=config.nan_policy == "skip",
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


def _choose(config, folder, data, batches, steps, cluster, make_state, make_loop, train):
    kept = folder.read_json(CHOICES) or {}
    question = Question(config.precision, config.xla, kept, train, config.deterministic)
    model = make_state(first_precision(question)).model
    candidates = list_candidates(
        question,
        model,
        num_replicas=batches.num_replicas,
        engine=steps.engine.name,
        device_type=device_type(),
        batch_size=batches.batch_size,
    )

    def ready(candidate: Candidate):
        run_loop = make_loop(candidate.precision, candidate.placement)
        return Prepared(make_state(candidate.precision), run_loop, steps.engine)

    choice = choose(
        question,
        [Candidate(*pair) for pair in cluster.agree([list(vars(c).values()) for c in candidates])],
        ready,
        description=describe(config, data.spec, model, steps.engine.name, batches.num_replicas),
        total_steps=batches.total_steps,
        cluster=cluster,
    )
    if train:
        folder.write_json(CHOICES, choice.to_json())
    return choice


def _log(experiment):
    choice, engine = experiment.choice, experiment.engine_choice
    parameters = f"{experiment.model.count_params():,}"
    _LOG.info("model: %s, %s parameters", experiment.model_name, parameters)
    _LOG.info("engine: %s (%s)", engine.name, engine.reason)
    _LOG.info("precision: %s (%s)", choice.precision, choice.precision_reason)
    _LOG.info("xla: %s (%s)", choice.placement, choice.placement_reason)

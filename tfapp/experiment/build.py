"""From a Config to an Experiment: source, model, task, state, engine, placement.

`build` makes everything that training and evaluation share, and checks it on a real batch, so that
what cannot work fails here, in one line, before the first step.
"""

import dataclasses
import logging

import keras
import numpy as np
import tensorflow as tf

from tfapp.data import engine as engines
from tfapp.data import open_source, preprocessing
from tfapp.data.evaluation_input import EvaluationInput
from tfapp.distribution.strategy import build_strategy, device_type
from tfapp.errors import DataError, UsageError
from tfapp.models import build_model
from tfapp.run_folder import PREPROCESSING
from tfapp.tasks import build_task
from tfapp.training import evaluation, loop, optimizers, placement, step
from tfapp.training.checkpoints import Checkpoints
from tfapp.training.state import TrainState

_LOG = logging.getLogger("tfapp")


@dataclasses.dataclass
class Experiment:
    """Everything of one run that training, evaluation and export need."""

    config: object
    source: object
    strategy: object
    task: object
    preprocess: object
    state: TrainState
    engine: object
    engine_choice: engines.EngineChoice
    placement: placement.Placement
    num_replicas: int
    steps_per_epoch: int
    total_steps: int

    @property
    def model(self):
        return self.state.model

    @property
    def spec(self):
        return self.source.spec

    def make_loop(self):
        """Returns run(first_step, num_steps) -> sums."""
        functions = step.make_step_functions(
            model=self.model,
            task=self.task,
            preprocess=self.preprocess,
            optimizer=self.state.optimizer,
            label=self.spec.label.name,
            batch_size=self.config.batch_size,
            num_replicas=self.num_replicas,
        )
        return loop.make_loop(
            state=self.state,
            functions=functions,
            engine=self.engine,
            strategy=self.strategy,
            placement=self.placement,
            metric_names=self.task.metric_names,
        )

    def make_evaluation(self, split):
        """Returns run() -> metrics of the split, every example counted once."""
        return evaluation.make_evaluation(
            state=self.state,
            inputs=EvaluationInput(
                self.source.splits[split],
                strategy=self.strategy,
                batch_size=max(self.config.batch_size, 256),
            ),
            model=self.model,
            task=self.task,
            preprocess=self.preprocess,
            label=self.spec.label.name,
            strategy=self.strategy,
            jit=self.placement.name in ("loop", "step", "gradients"),
        )


def build(config, folder):
    """Builds an `Experiment`.

    Args:
      config: a `Config`.
      folder: the `RunFolder`; fitted preprocessing is read from it, or fitted and kept there.

    Raises:
      TfappError: whatever cannot work, before the first step.
    """
    strategy, devices = build_strategy(config)
    _LOG.info("device: %s", devices)
    source = open_source(config)
    _log_source(source)
    train = source.splits["train"]
    _check_batch(config, source)
    task = build_task(config.task, config.loss, source.spec.label)
    preprocess = _preprocessing(folder, source)
    state = _state(config, strategy, source, preprocess)
    replicas = strategy.num_replicas_in_sync
    engine_choice = engines.choose(
        config.engine, train, strategy=strategy, device_type=device_type()
    )
    chosen = placement.choose(config.xla, num_replicas=replicas, engine=engine_choice.name)
    _LOG.info("engine: %s (%s)", engine_choice.name, engine_choice.reason)
    _LOG.info("xla: %s (%s)", chosen.name, chosen.reason)
    steps_per_epoch = train.num_examples // config.batch_size
    return Experiment(
        config=config,
        source=source,
        strategy=strategy,
        task=task,
        preprocess=preprocess,
        state=state,
        engine=engines.build(
            engine_choice, train, strategy=strategy, batch_size=config.batch_size, seed=config.seed
        ),
        engine_choice=engine_choice,
        placement=chosen,
        num_replicas=replicas,
        steps_per_epoch=steps_per_epoch,
        total_steps=config.steps or config.epochs * steps_per_epoch,
    )


def restore(config, folder):
    """Builds an `Experiment` with the weights that a run ended with.

    Returns:
      (experiment, step): step is the optimizer step of these weights.

    Raises:
      DataError: no checkpoint can be read.
    """
    experiment = build(config, folder)
    checkpoints = Checkpoints(folder.path / "checkpoints", experiment.state, keep=config.keep)
    step = checkpoints.restore_latest()
    if step is None:
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
    label = f"{spec.label.num_classes} classes" if spec.label.kind == "class" else "real values"
    _LOG.info("data: %s: %s examples; %s -> %s", spec.name, counts, features, label)


def _check_batch(config, source):
    examples = source.splits["train"].num_examples
    if config.batch_size > examples:
        raise UsageError(
            f"--batch_size={config.batch_size}: is larger than the {examples} training examples "
            f"of {source.spec.name}"
        )
    for name, split in source.splits.items():
        if not split.num_examples:
            raise DataError(f"{source.spec.name}: split {name} is empty")


def _preprocessing(folder, source):
    """What the run's folder holds, or else fitted on train and kept there."""
    kept = folder.read_json(PREPROCESSING)
    if kept is not None:
        return preprocessing.Preprocessing.from_json(kept)
    fitted = preprocessing.fit(source.spec, source.splits["train"])
    folder.write_json(PREPROCESSING, fitted.to_json())
    return fitted


def _state(config, strategy, source, preprocess):
    """Builds model and optimizer under the strategy, the same for any number of replicas."""
    keras.utils.set_random_seed(config.seed)
    outputs = source.spec.label.num_outputs
    batch = source.splits["train"].fetch(tf.range(2, dtype=tf.int64))
    inputs = preprocess(batch)
    with strategy.scope():
        model = build_model(config.model, config.model_arg, outputs)
        # Called rather than built from a shape: build(shape) leaves a subclassed model's inner
        # layers without their weights.
        result = _call(config, model, inputs)
        _check_outputs(config, result, outputs)
        optimizer = optimizers.build_optimizer(config.optimizer, learning_rate=config.learning_rate)
        if not model.trainable_variables:
            raise UsageError(f"--model={config.model}: has no weights to train")
        optimizer.build(model.trainable_variables)
        _LOG.info("model: %s, %s parameters", config.model, f"{model.count_params():,}")
        return TrainState(model, optimizer, strategy)


def _call(config, model, inputs):
    try:
        return model(inputs, training=False)
    except Exception as error:  # a user's model may raise anything
        lines = [line for line in str(error).splitlines() if line.strip()]
        shape = tf.nest.map_structure(lambda t: [None, *t.shape[1:]], inputs)
        raise UsageError(
            f"--model={config.model}: fails on inputs {shape}: "
            f"{type(error).__name__}: {lines[0][:200] if lines else ''}"
        ) from error


def _check_outputs(config, result, outputs):
    shape = tuple(getattr(result, "shape", ()))
    if shape[1:] != (outputs,):
        raise UsageError(
            f"--model={config.model}: gives shape {list(shape)} for a batch of 2; "
            f"[2, {outputs}] is needed"
        )
    values = np.asarray(result, np.float64)
    if outputs > 1 and (values >= 0).all() and np.allclose(values.sum(-1), 1, atol=1e-3):
        raise UsageError(
            f"--model={config.model}: gives probabilities (each row sums to 1); tfapp trains on "
            "logits and answers with their softmax: leave the softmax out of the last layer"
        )

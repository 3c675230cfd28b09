"""Model, optimizer and state of a run, checked on real examples."""

import contextlib
import logging

import keras
import numpy as np
import tensorflow as tf

from tfapp.data.splits.split_names import TRAIN
from tfapp.errors import UsageError
from tfapp.flag_values import parse_arguments, parse_duration
from tfapp.models import build_model
from tfapp.models.supported import check_layers
from tfapp.models.weight_decay import decayed_weights
from tfapp.training import optimizers, remat, unseeded
from tfapp.training.schedules import Schedule
from tfapp.training.state import TrainState

_LOG = logging.getLogger("tfapp")
_POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}


def build_state(config, model_name, strategy, data, batches, precision):
    """Builds model and optimizer under the strategy, the same for any number of replicas.

    Args:
      config: a `Config`.
      model_name: --model, or what auto stands for.
      strategy: the tf.distribute.Strategy.
      data: a `Data`; two examples of train go through the model.
      batches: a `BatchPlan`.
      precision: "float32", "bfloat16" or "float16".

    Returns:
      a `TrainState`.

    Raises:
      UsageError: model or optimizer cannot be built, or the model's outputs do not fit the label.
    """
    keras.utils.set_random_seed(config.seed)
    label = data.spec.label
    inputs = data.preprocess(data.source.splits[TRAIN].fetch(tf.range(2, dtype=tf.int64)))
    with strategy.scope(), _dtype_policy(precision):
        arguments = parse_arguments(config.model_arg, "model_arg")
        model = build_model(model_name, arguments, outputs=label.num_outputs, inputs=data.inputs)
        # Called rather than built from a shape: build(shape) leaves a subclassed model's inner
        # layers without their weights.
        result = _call(model_name, model, inputs)
        check_layers(
            model, model_name, num_replicas=batches.num_replicas, accumulate=batches.accumulate
        )
        _check_outputs(model_name, result, label)
        unseeded.keep_generator(model, inputs, config.seed)
        if not model.trainable_variables:
            raise UsageError(f"--model={model_name}: has no weights to train")
        if config.remat:
            remat.check(model, model_name)
        optimizer = _optimizer(config, model, batches)
        return TrainState(model, optimizer, strategy, precision=precision, ema=config.ema > 0)


@contextlib.contextmanager
def _dtype_policy(precision):
    """Layers made inside compute in `precision` and keep float32 weights."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(_POLICIES[precision])
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _optimizer(config, model, batches):
    rate = config.learning_rate
    warmup = batches.steps(parse_duration(config.warmup_steps, "warmup_steps"))
    if config.schedule != "constant" or warmup:
        rate = Schedule(
            config.schedule,
            peak=rate,
            warmup_steps=warmup,
            total_steps=batches.total_steps,
            arguments=parse_arguments(config.schedule_arg, "schedule_arg"),
        )
    elif config.schedule_arg:
        raise UsageError(f"--schedule_arg={config.schedule_arg[0]}: needs a --schedule")
    optimizer = optimizers.build_optimizer(
        config.optimizer,
        learning_rate=rate,
        weight_decay=config.weight_decay,
        arguments=parse_arguments(config.optimizer_arg, "optimizer_arg"),
    )
    weights = model.trainable_variables
    if not config.decay_all:
        optimizers.decay_only(optimizer, weights, decayed_weights(model))
    optimizer.build(weights)
    return optimizer


def _call(name, model, inputs):
    try:
        return model(inputs, training=False)
    except Exception as error:  # a user's model may raise anything
        lines = [line for line in str(error).splitlines() if line.strip()]
        shape = tf.nest.map_structure(lambda t: [None, *t.shape[1:]], inputs)
        raise UsageError(
            f"--model={name}: fails on inputs {shape}: "
            f"{type(error).__name__}: {lines[0][:200] if lines else ''}"
        ) from error


def _check_outputs(name, result, label):
    wanted = [2, label.num_outputs]
    if label.kind == "tokens":
        wanted = [2, *label.shape, label.num_outputs]
    if not tf.is_tensor(result):
        raise UsageError(
            f"--model={name}: gives a {type(result).__name__} for a batch of 2; "
            f"a tensor of shape {wanted} is needed"
        )
    if list(result.shape) != wanted:
        raise UsageError(
            f"--model={name}: gives shape {list(result.shape)} for a batch of 2; {wanted} is needed"
        )
    values = np.asarray(tf.cast(result, tf.float32), np.float64)
    if label.num_outputs > 1 and (values >= 0).all() and np.allclose(values.sum(-1), 1, atol=1e-3):
        raise UsageError(
            f"--model={name}: gives probabilities (each row sums to 1); tfapp trains on "
            "logits and answers with their softmax: leave the softmax out of the last layer"
        )

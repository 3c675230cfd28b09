"""Model, optimizer and state of a run, checked on real examples."""

import contextlib
import logging

import keras
import numpy as np
import tensorflow as tf

from tfapp.durations import parse_duration
from tfapp.errors import UsageError
from tfapp.flag_values import parse_arguments
from tfapp.models import build_model
from tfapp.training import optimizers, remat
from tfapp.training.schedules import Schedule
from tfapp.training.state import TrainState

_LOG = logging.getLogger("tfapp")
_POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}


def build_state(config, strategy, source, preprocess, *, precision, length):
    """Builds model and optimizer under the strategy, the same for any number of replicas.

    Args:
      config: a `Config`.
      source: a `Source`; two examples of train go through the model.
      preprocess: a `Preprocessing`.
      precision: "float32", "bfloat16" or "float16".
      length: a `RunLength`.

    Returns:
      a `TrainState`.

    Raises:
      UsageError: model or optimizer cannot be built, or its outputs do not fit the label.
    """
    keras.utils.set_random_seed(config.seed)
    outputs = source.spec.label.num_outputs
    inputs = preprocess(source.splits["train"].fetch(tf.range(2, dtype=tf.int64)))
    with strategy.scope(), _dtype_policy(precision):
        model = build_model(
            config.model,
            parse_arguments(config.model_arg, "model_arg"),
            outputs=outputs,
            inputs=preprocess.input_specs(source.spec),
        )
        # Called rather than built from a shape: build(shape) leaves a subclassed model's inner
        # layers without their weights.
        result = _call(config, model, inputs)
        _check_outputs(config, result, source.spec.label)
        if not model.trainable_variables:
            raise UsageError(f"--model={config.model}: has no weights to train")
        if config.remat:
            remat.check(model, config.model)
        optimizer = _optimizer(config, model, length)
        return TrainState(
            model,
            optimizer,
            strategy,
            ema=config.ema > 0,
            loss_scaling=precision == "float16",
        )


@contextlib.contextmanager
def _dtype_policy(precision):
    """Layers made inside compute in `precision` and keep float32 weights."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(_POLICIES[precision])
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _optimizer(config, model, length):
    rate = config.learning_rate
    warmup = length.steps(parse_duration(config.warmup_steps, "warmup_steps"))
    if config.schedule != "constant" or warmup:
        rate = Schedule(
            config.schedule,
            peak=rate,
            warmup_steps=warmup,
            total_steps=length.total_steps,
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
    optimizer.build(model.trainable_variables)
    if not config.decay_all:
        optimizers.exclude_vectors_from_decay(optimizer, model.trainable_variables)
    return optimizer


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


def _check_outputs(config, result, label):
    outputs = label.num_outputs
    wanted = [2, *label.shape, outputs] if label.kind == "tokens" else [2, outputs]
    shape = list(getattr(result, "shape", ()))
    if shape != wanted:
        raise UsageError(
            f"--model={config.model}: gives shape {shape} for a batch of 2; {wanted} is needed"
        )
    values = np.asarray(tf.cast(result, tf.float32), np.float64)
    if outputs > 1 and (values >= 0).all() and np.allclose(values.sum(-1), 1, atol=1e-3):
        raise UsageError(
            f"--model={config.model}: gives probabilities (each row sums to 1); tfapp trains on "
            "logits and answers with their softmax: leave the softmax out of the last layer"
        )

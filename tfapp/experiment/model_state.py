"""Model, optimizer and state of a run, checked on real examples."""

import contextlib
import functools
import logging

import keras
import tensorflow as tf

from tfapp.compression.low_rank import factor
from tfapp.data.splits.split_names import TRAIN
from tfapp.errors import UsageError
from tfapp.experiment.model_outputs import check_outputs, find_reader
from tfapp.flag_values import parse_arguments, parse_duration
from tfapp.models import build_model
from tfapp.models.built import take_weights
from tfapp.models.ensemble import members_of
from tfapp.models.hidden_matrices import hidden_matrices
from tfapp.models.supported import check_layers
from tfapp.models.weight_decay import decayed_weights
from tfapp.training import optimizers, remat, sharded_optimizer, unseeded
from tfapp.training.schedules import Schedule
from tfapp.training.state import TrainState
from tfapp.users_code import users_code

_LOG = logging.getLogger("tfapp")
_EXAMPLES = 32  # on which outputs are looked at, where two of them may be probabilities
_POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}


def build_state(config, model_name, strategy, data, batches, precision, *, outputs, compression):
    """Builds model and optimizer under the strategy, the same for any number of replicas.

    Args:
      config: a `Config`.
      model_name: --model, or what auto stands for.
      strategy: the tf.distribute.Strategy.
      data: a `Data`; two examples of train go through the model.
      batches: a `BatchPlan`.
      precision: "float32", "bfloat16" or "float16".
      outputs: width of the model's last layer, see `Task.num_outputs`.
      compression: a `Compression`.

    Returns:
      a `TrainState`.

    Raises:
      UsageError: model or optimizer cannot be built, or the model's outputs do not fit the label.
    """
    keras.utils.set_random_seed(config.seed)
    label = data.spec.label
    split = data.source.splits[TRAIN]

    def examples(count):
        rows = tf.range(min(count, split.num_examples), dtype=tf.int64)
        return data.preprocess(split.fetch(rows))

    inputs = examples(2)
    with strategy.scope(), _dtype_policy(precision):
        arguments = parse_arguments(config.model_arg, "model_arg")
        model = build_model(model_name, arguments, outputs=outputs, inputs=data.inputs)
        # Called rather than built from a shape: build(shape) leaves a subclassed model's inner
        # layers without their weights.
        result = _call(model_name, model, inputs)
        check_layers(
            model, model_name, num_replicas=batches.num_replicas, accumulate=batches.accumulate
        )
        check_outputs(model_name, result, label, inputs, members=members_of(model), outputs=outputs)
        take_weights(model, model_name)
        unseeded.keep_generator(model, inputs, config.seed)
        compression.begin(model)
        if not model.trainable_variables:
            raise UsageError(f"--model={model_name}: has no weights to train")
        if config.remat:
            remat.check(model, model_name)
        optimizer, sharded = _optimizer(config, model, batches)
        reader = find_reader(model_name, model, result, label, lambda: examples(_EXAMPLES))
        return TrainState(
            model,
            optimizer,
            strategy,
            precision=precision,
            read_outputs=reader,
            ema=config.ema > 0,
            extra_groups=compression.extra_groups(model),
            as_used=compression.as_used(model),
            sharded=sharded,
        )


def build_again(config, model_name, data, precision, *, outputs, ranks):
    """The model once more, computing in another precision; its weights are new.

    Args:
      config, model_name, data, precision, outputs: as for `build_state`.
      ranks: of its dense layers, see `tfapp.compression.low_rank`.

    Returns:
      (a `keras.Model` whose variables are in the order of the first one's, its `OutputReader`).

    Raises:
      UsageError: the model cannot be built.
    """
    split = data.source.splits[TRAIN]

    def examples(count):
        rows = tf.range(min(count, split.num_examples), dtype=tf.int64)
        return data.preprocess(split.fetch(rows))

    inputs = examples(2)
    with _dtype_policy(precision):
        arguments = parse_arguments(config.model_arg, "model_arg")
        model = build_model(model_name, arguments, outputs=outputs, inputs=data.inputs)
        result = _call(model_name, model, inputs)
        take_weights(model, model_name)
        unseeded.keep_generator(model, inputs, config.seed)
        factor(model, ranks)
        label = data.spec.label
        return model, find_reader(model_name, model, result, label, lambda: examples(_EXAMPLES))


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
    """(the optimizer, built; the `ShardedOptimizer` that it is of, or None)."""
    rate = config.learning_rate
    warmup = warmup_steps(config, batches)
    if config.schedule != "constant" or warmup:
        rate = Schedule(
            config.schedule,
            peak=rate,
            warmup_steps=warmup,
            total_steps=batches.total_steps,
            arguments=parse_arguments(config.schedule_arg, "schedule_arg"),
            # A variable of one device cannot be captured by programs on several.
            adjustable=bool(config.time_budget) and not tf.distribute.has_strategy(),
        )
    elif config.schedule_arg:
        raise UsageError(f"--schedule_arg={config.schedule_arg[0]}: needs a --schedule")
    weights = model.trainable_variables
    arguments = parse_arguments(config.optimizer_arg, "optimizer_arg")
    if config.optimizer.lower() == "muon":
        arguments = {**optimizers.muon_for(weights, hidden_matrices(model)), **arguments}
    make = functools.partial(
        optimizers.build_optimizer,
        config.optimizer,
        weight_decay=config.weight_decay,
        arguments=arguments,
    )
    decayed = weights if config.decay_all else decayed_weights(model)
    if config.shard_optimizer and batches.num_replicas > 1:
        sharded = sharded_optimizer.build(
            make,
            name=config.optimizer,
            learning_rate=rate,
            weights=weights,
            decayed=decayed if config.weight_decay else weights,  # fewer groups: fewer collectives
            num_replicas=batches.num_replicas,
        )
        return sharded.optimizer, sharded
    optimizer = make(learning_rate=rate)
    if not config.decay_all:
        optimizers.decay_only(optimizer, weights, decayed)
    optimizer.build(weights)
    return optimizer, None


def warmup_steps(config, batches):
    """--warmup_steps of a `Config` whose recipe is filled in, for a `BatchPlan`."""
    return batches.steps(parse_duration(config.warmup_steps, "warmup_steps"))


def _call(name, model, inputs):
    shape = tf.nest.map_structure(lambda t: [None, *t.shape[1:]], inputs)
    try:
        with users_code(f"--model={name}: fails on inputs {shape}"):
            return model(inputs, training=False)
    except UsageError as error:
        raise UsageError(f"{error}{_hint(error.__cause__, inputs)}") from error


def _hint(error, inputs):
    """--flatten, where the form of the inputs is the likely reason for an error."""
    if isinstance(inputs, dict):
        return "; the inputs are a dict of features: --flatten gives the model one vector"
    if len(inputs.shape) != 2 and isinstance(error, (ValueError, tf.errors.OpError)):
        return "; --flatten gives the model vectors"
    return ""

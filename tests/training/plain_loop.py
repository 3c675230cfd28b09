"""The same steps twice: by a plain `tf.GradientTape` loop over a Keras model, and by tfapp's step.

For tests that hold the two equal: from the same weights, on the same batches, with the same random
numbers; the loss is the mean squared error.
"""

import typing

import keras
import numpy as np
import tensorflow as tf

from tfapp.runtime import private_random
from tfapp.tasks.task import Objective, Task
from tfapp.training import groups, optimizers
from tfapp.training.step import (
    StepOptions,
    make_step_functions,
    make_train_step,
    reduce_nothing,
)


class SquaredError(Task):
    """Mean squared error of outputs of any shape; `calls` calls of the model, whose losses add."""

    def __init__(self, calls=1):
        super().__init__("auto", monitor=("loss", "min"))
        self.calls = calls

    def objective(self, call, batch):
        losses = 0.0
        for _ in range(self.calls):
            outputs = call(batch.inputs)
            losses += squared_errors(outputs, batch.labels)
        return Objective(losses, outputs, batch.labels)

    def answers(self, outputs, inputs):
        return {"value": outputs}


class Trained(typing.NamedTuple):
    """What a number of steps give."""

    losses: list  # one float a step
    weights: list  # np.ndarray of each trainable variable
    others: list  # np.ndarray of each other variable: statistics, states of generators


def squared_errors(outputs, labels):
    """float32 [batch]."""
    errors = tf.square(tf.cast(outputs, tf.float32) - labels)
    return tf.reduce_mean(tf.reshape(errors, (tf.shape(errors)[0], -1)), -1)


def make_optimizer(name, **arguments):
    """A Keras optimizer, and tfapp's of the same name and arguments, neither of them built."""
    plain = keras.optimizers.get({"class_name": name, "config": arguments})
    rate = arguments.pop("learning_rate")
    return plain, optimizers.build_optimizer(name, learning_rate=rate, arguments=arguments)


def run_plain(model, optimizer, batches, *, accumulate=1, calls=1, compiled=None):
    """`Trained` by a loop as Keras's own guides write it; the model ends as it began.

    Args:
      model: a built `keras.Model`.
      optimizer: of Keras.
      batches: [(inputs, labels)], one a step.
      accumulate: micro-batches a step.
      calls: of the model for each batch.
      compiled: what wraps the computation of gradients, such as `tf.function`; None: it runs
        operation by operation.
    """
    before, losses = [v.numpy() for v in model.variables], []  # with the generators' states
    variables = model.trainable_variables
    optimizer.build(variables)

    def gradients(part, wanted):
        draws = private_random.replaced_draws()
        with tf.GradientTape() as tape, draws, private_random.kept_generator(model):
            data = sum(
                tf.reduce_mean(squared_errors(model(part, training=True), wanted))
                for _ in range(calls)
            )
            loss = (data + sum(model.losses)) / accumulate
        found = tape.gradient(
            loss,
            [v.value for v in variables],
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        return data, [tf.convert_to_tensor(g) for g in found]

    gradients = compiled(gradients) if compiled else gradients
    for inputs, labels in batches:
        total, grads = 0.0, [tf.zeros_like(v.value) for v in variables]
        for part, wanted in micro_batches(inputs, labels, accumulate):
            data, found = gradients(part, wanted)
            grads = [a + b for a, b in zip(grads, found, strict=True)]
            total += float(data) / accumulate
        optimizer.apply_gradients(zip(grads, variables, strict=True))
        losses.append(total)
    trained = Trained(
        losses,
        [v.numpy() for v in variables],
        [v.numpy() for v in model.non_trainable_variables],
    )
    for variable, value in zip(model.variables, before, strict=True):
        variable.assign(value)
    return trained


def run_step(model, optimizer, batches, *, compiled=None, calls=1, **options):
    """`Trained` by tfapp's step.

    Args:
      model, batches, calls: as in `run_plain`.
      optimizer: from `make_optimizer`.
      compiled: what wraps the step, such as `tf.function`; None: it runs operation by operation.
      **options: of `StepOptions`.
    """
    optimizer.build(model.trainable_variables)
    labels = batches[0][1]
    options = StepOptions(batch_size=len(labels), **options)
    functions = make_step_functions(
        model=model,
        task=SquaredError(calls),
        preprocess=lambda batch: batch["x"],
        optimizer=optimizer,
        label="y",
        options=options,
    )
    step = make_train_step(functions, reduce_nothing, options)
    step, losses = compiled(step) if compiled else step, []
    values = start(model, optimizer)
    for i, (inputs, wanted) in enumerate(batches):
        batch = {"x": inputs, "y": wanted}
        values, sums, _ = step(values, batch, 0, tf.constant(i, tf.int64))
        losses.append(float(sums["loss"]) / len(wanted))
    return Trained(
        losses,
        [v.numpy() for v in values[groups.TRAINABLE]],
        [v.numpy() for v in values[groups.NON_TRAINABLE]],
    )


def start(model, optimizer):
    """The values that a run begins with."""
    variables = {
        groups.TRAINABLE: model.trainable_variables,
        groups.NON_TRAINABLE: model.non_trainable_variables,
        groups.OPTIMIZER: optimizer.variables,
    }
    return {name: tuple(tf.identity(v.value) for v in group) for name, group in variables.items()}


def micro_batches(inputs, labels, number):
    """The parts of a batch, in order."""
    size = len(labels) // number
    for i in range(number):
        rows = slice(i * size, (i + 1) * size)
        yield tf.nest.map_structure(lambda value, rows=rows: value[rows], inputs), labels[rows]


def assert_same(mine, theirs, rel=1e-5):
    """Losses, weights and statistics agree, relative to the largest value of each."""
    np.testing.assert_allclose(mine.losses, theirs.losses, rtol=rel)
    for kind in ("weights", "others"):
        for a, b in zip(getattr(mine, kind), getattr(theirs, kind), strict=True):
            scale = np.abs(b).max(initial=1e-3)
            np.testing.assert_allclose(a, b, rtol=rel, atol=rel * scale, err_msg=kind)

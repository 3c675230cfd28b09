"""All that a resume needs, in one named structure.

`DeviceValues` are the tensors that a step maps to new ones; `TrainState` holds the variables they
live in between loops, and `HostState` the few numbers that the outer loop keeps.
"""

import dataclasses
from typing import NamedTuple

import keras
import tensorflow as tf

from tfapp.training.update import INITIAL_SCALE


class DeviceValues(NamedTuple):
    """Values of all variables of a run, as tuples of tensors in a fixed order."""

    trainable: tuple
    non_trainable: tuple
    optimizer: tuple
    ema: tuple = ()  # one average a weight, if --ema
    scale: tuple = ()  # (loss scale, steps since it changed), if --precision=float16


@dataclasses.dataclass
class HostState:
    """Kept in every checkpoint's manifest, as JSON."""

    step: int = 0  # optimizer steps done
    best_value: float | None = None  # of the monitored metric; None before the first evaluation
    best_step: int | None = None
    evaluations_without_improvement: int = 0
    train_seconds: float = 0.0  # spent in loops of steps, over all starts
    window: dict = dataclasses.field(default_factory=dict)  # sums since the last training line
    left_out: list = dataclasses.field(default_factory=list)  # steps not run again

    def to_json(self):
        return dataclasses.asdict(self)


class TrainState:
    """The model's and the optimizer's variables, and the host's numbers."""

    def __init__(self, model, optimizer, strategy, *, ema=False, loss_scaling=False):
        """Model and optimizer must be built; call inside the strategy's scope."""
        self.model = model
        self.optimizer = optimizer
        self.host = HostState()
        self._keras_variables = DeviceValues(
            tuple(model.trainable_variables),
            tuple(model.non_trainable_variables),
            tuple(optimizer.variables),
            tuple(_average(v) for v in model.trainable_variables) if ema else (),
            _loss_scale() if loss_scaling else (),
        )
        variables = tf.nest.map_structure(lambda v: v.value, self._keras_variables)
        self._local = [
            tf.nest.map_structure(
                lambda v, r=r: strategy.experimental_local_results(v)[r], variables
            )
            for r in range(len(strategy.experimental_local_results(variables.trainable[0])))
        ]

    def named_variables(self):
        """Name -> tf.Variable, for checkpoints.

        Named by position: Keras's own names count the layers and optimizers that the process has
        made before, so that the same model would be called differently the next time.
        """
        return {
            f"{part}/{i:04}": variable.value
            for part, group in self._keras_variables._asdict().items()
            for i, variable in enumerate(group)
        }

    def read(self, replica=0):
        """The values on local replica `replica`."""
        return tf.nest.map_structure(lambda v: v.read_value(), self._local[replica])

    def read_all(self):
        """The values on every local replica, for `write_all`."""
        return [self.read(replica) for replica in range(len(self._local))]

    def write_all(self, values):
        """Puts back what `read_all` returned."""
        for replica, part in enumerate(values):
            self.write(part, replica)

    def is_finite(self):
        """False if a weight, average or statistic of the model is NaN or infinite."""
        local = self._local[0]
        values = [*local.trainable, *local.non_trainable, *local.ema]
        finite = [tf.math.is_finite(v.read_value()) for v in values if v.dtype.is_floating]
        return all(bool(tf.reduce_all(value)) for value in finite)

    def read_for_answers(self, replica=0):
        """(trainable, non_trainable) for evaluation and export: averaged weights if there are."""
        local = self._local[replica]
        weights = local.ema or local.trainable
        return (
            tuple(v.read_value() for v in weights),
            tuple(v.read_value() for v in local.non_trainable),
        )

    def write(self, values, replica=0):
        """Assigns what a step returned to the replica's own copies of the variables."""
        for variable, value in zip(
            tf.nest.flatten(self._local[replica]), tf.nest.flatten(values), strict=True
        ):
            variable.assign(value)


def _average(variable):
    # The value's copy: given a tf.Variable, Keras would take it as its own, weight and average one.
    return keras.Variable(
        tf.identity(variable.value),
        dtype=variable.dtype,
        trainable=False,
        name=variable.path.replace("/", "."),
    )


def _loss_scale():
    return (
        keras.Variable(INITIAL_SCALE, dtype="float32", trainable=False, name="loss_scale"),
        keras.Variable(0, dtype="int32", trainable=False, name="loss_scale_steps"),
    )

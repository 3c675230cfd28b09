"""All that a resume needs, in one named structure.

`DeviceValues` are the tensors that a step maps to new ones; `TrainState` holds the variables they
live in between loops, and `HostState` the few numbers that the outer loop keeps.
"""

import dataclasses
from typing import NamedTuple

import tensorflow as tf


class DeviceValues(NamedTuple):
    """Values of all variables of a run, as tuples of tensors in a fixed order."""

    trainable: tuple
    non_trainable: tuple
    optimizer: tuple


@dataclasses.dataclass
class HostState:
    """Kept in every checkpoint's manifest, as JSON."""

    step: int = 0  # optimizer steps done
    best_value: float | None = None  # of the monitored metric; None before the first evaluation
    best_step: int | None = None
    evaluations_without_improvement: int = 0
    train_seconds: float = 0.0  # spent in loops of steps, over all starts
    window: dict = dataclasses.field(default_factory=dict)  # sums since the last training line

    def to_json(self):
        return dataclasses.asdict(self)


class TrainState:
    """The model's and the optimizer's variables, and the host's numbers."""

    def __init__(self, model, optimizer, strategy):
        """Both must be built, inside the strategy's scope."""
        self.model = model
        self.optimizer = optimizer
        self.host = HostState()
        self._keras_variables = DeviceValues(
            tuple(model.trainable_variables),
            tuple(model.non_trainable_variables),
            tuple(optimizer.variables),
        )
        self._variables = tf.nest.map_structure(lambda v: v.value, self._keras_variables)
        self._local = [
            tf.nest.map_structure(
                lambda v, r=r: strategy.experimental_local_results(v)[r], self._variables
            )
            for r in range(strategy.num_replicas_in_sync)
        ]

    def named_variables(self):
        """Unique name -> tf.Variable, for checkpoints. Names are Keras's paths."""
        named = {}
        for part, group in self._keras_variables._asdict().items():
            for variable in group:
                kind = "optimizer" if part == "optimizer" else "model"
                name = unique = f"{kind}/{variable.path}"
                number = 1
                while unique in named:
                    unique, number = f"{name}_{number}", number + 1
                named[unique] = variable.value
        return named

    def read(self, replica=0):
        """The values on local replica `replica`; for the model alone, see `read_model`."""
        return tf.nest.map_structure(lambda v: v.read_value(), self._local[replica])

    def write(self, values, replica=0):
        """Assigns what a step returned to the replica's own copies of the variables."""
        for variable, value in zip(
            tf.nest.flatten(self._local[replica]), tf.nest.flatten(values), strict=True
        ):
            variable.assign(value)

    def is_finite(self):
        """True if no weight is NaN or infinite."""
        floats = [v for v in self.read().trainable if v.dtype.is_floating]
        return all(bool(tf.reduce_all(tf.math.is_finite(v))) for v in floats)

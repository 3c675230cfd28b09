"""The evaluation of each split, built and traced once a process however often it runs."""

import dataclasses
import math

import tensorflow as tf

from tfapp.data.pipeline.evaluation import evaluation_input
from tfapp.data.preprocessing import Preprocessing
from tfapp.data.splits.source import Source
from tfapp.tasks.task import Task
from tfapp.training import evaluation
from tfapp.training.state import TrainState

# Products of one evaluation (examples times weights) from which compiling it pays. Below, XLA takes
# 0.7 to 1.2 s to save milliseconds: 25 to 18 ms of 5,000 rows of 784 numbers, 13.5 to 11.9 of 2,279
# rows of a table; above, 4.4 to 2.8 s of 784 windows of 128 characters (two cores, AVX-512).
_WORTH_COMPILING = 10**10


@dataclasses.dataclass(frozen=True)
class Evaluations:
    """Evaluates splits with the weights that `state` holds when it is called."""

    source: Source
    state: TrainState
    task: Task
    preprocess: Preprocessing
    strategy: tf.distribute.Strategy
    batch_size: int  # examples a step over all replicas
    device_type: str
    allowed: float  # bytes that one split may take on the device
    jit: bool  # whether XLA compiles one replica's whole pass, where it is worth it
    _compiled: dict = dataclasses.field(default_factory=dict, init=False)  # by split

    def __call__(self, split):
        """Evaluates the split of that name.

        Returns:
          an `EvaluationResult`, every example counted once.

        Raises:
          DataError: an example cannot be read.
        """
        if split not in self._compiled:
            self._compiled[split] = self._compile(split)
        return self._compiled[split]()

    def _compile(self, split):
        reporting = self.source.bad_examples.reporting
        with reporting():
            inputs = evaluation_input(
                self.source.splits[split],
                strategy=self.strategy,
                batch_size=self.batch_size,
                device_type=self.device_type,
                allowed=self.allowed,
            )
        run = evaluation.make_evaluation(
            state=self.state,
            inputs=inputs,
            model=self.state.model,
            task=self.task,
            preprocess=self.preprocess,
            label=self.source.spec.label.name,
            strategy=self.strategy,
            jit=self.jit and (self.device_type == "GPU" or self._is_worth_compiling(split)),
        )
        return reporting()(run)

    def _is_worth_compiling(self, split):
        label = self.source.spec.label
        positions = math.prod(label.shape) if label.kind == "tokens" else 1
        examples = self.source.splits[split].num_examples
        return examples * positions * self.state.model.count_params() >= _WORTH_COMPILING

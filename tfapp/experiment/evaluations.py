"""The evaluation of each split, built and traced once a process however often it runs."""

import dataclasses
import logging

import numpy as np
import tensorflow as tf

from tfapp.data.pipeline.evaluation import evaluation_input
from tfapp.data.pipeline.pieces import PieceReader
from tfapp.data.preprocessing import Preprocessing
from tfapp.data.splits.source import Source
from tfapp.data.splits.split_names import TRAIN, VALIDATION
from tfapp.runtime.memory_errors import first_line, is_no_room
from tfapp.tasks.task import Task
from tfapp.training import evaluation
from tfapp.training.state import TrainState

# Products of one evaluation (examples times weights) from which compiling it pays. Below, XLA takes
# 0.7 to 1.2 s to save milliseconds: 25 to 18 ms of 5,000 rows of 784 numbers, 13.5 to 11.9 of 2,279
# rows of a table; above, 4.4 to 2.8 s of 784 windows of 128 characters (two cores, AVX-512). A GPU
# makes some hundred times as many products a second, and compiling for it takes some seconds.
_WORTH_COMPILING = {"CPU": 10**10, "GPU": 10**13}
_LOG = logging.getLogger("tfapp")
_MOST_OF_TRAIN = 20_000  # answers that train is measured on when a run ends


def most_of_train(source, *, hurried):
    """How many examples of train are evaluated when a run ends.

    Args:
      source: the `Source`; a window of a text has many answers.
      hurried: whether the run has a time budget, so that train takes no longer than validation.
    """
    validation = source.splits[VALIDATION].num_examples
    most = 0 if hurried else _MOST_OF_TRAIN // source.spec.label.positions
    return min(max(most, validation), source.splits[TRAIN].num_examples)


@dataclasses.dataclass
class Evaluations:
    """Evaluates splits with the weights that `state` holds when it is called.

    Where a batch has no room in memory, it is halved, down to `least`: results do not depend on it.
    """

    source: Source
    state: TrainState
    task: Task
    preprocess: Preprocessing
    strategy: tf.distribute.Strategy
    batch_size: int  # examples a step over all replicas
    least: int  # of which there is room; `batch_size`: it is not halved
    device_type: str
    allowed: float  # bytes that one split may take on the device
    reader: PieceReader  # of splits that are streamed
    jit: bool  # whether XLA compiles one replica's whole pass, where it is worth it
    parts: int = 1  # of a batch, computed side by side
    _compiled: dict = dataclasses.field(default_factory=dict, init=False)  # by split and metrics

    def __call__(self, split, *, metrics=None, most=None):
        """Evaluates the split of that name.

        Args:
          split: its name.
          metrics: a tuple of `Metric`s; None: the task's own.
          most: of a larger split, so many examples are drawn, always the same; None: no limit.

        Returns:
          an `EvaluationResult`, every example counted once.

        Raises:
          DataError: an example cannot be read.
          MemoryError or tf.errors.ResourceExhaustedError: there is no room for `least` examples.
        """
        key = (split, metrics, most)
        while True:
            try:
                if key not in self._compiled:
                    self._compiled[key] = self._compile(*key)
                return self._compiled[key]()
            except (MemoryError, tf.errors.ResourceExhaustedError) as error:
                if not is_no_room(error) or self.batch_size // 2 < self.least:
                    raise
                message = first_line(error)
            self._compiled.clear()  # what the traceback referred to is free by now
            self.batch_size //= 2
            _LOG.info(
                "evaluation: no room in memory; in batches of %d: %s", self.batch_size, message
            )

    def _compile(self, name, metrics, most):
        split = _drawn(self.source.splits[name], most)
        reporting = self.source.bad_examples.reporting
        with reporting():
            inputs = evaluation_input(
                split,
                strategy=self.strategy,
                batch_size=self.batch_size,
                device_type=self.device_type,
                allowed=self.allowed,
                reader=self.reader,
            )
        run = evaluation.make_evaluation(
            state=self.state,
            inputs=inputs,
            model=self.state.model,
            task=self.task,
            metrics=metrics,
            preprocess=self.preprocess,
            label=self.source.spec.label.name,
            strategy=self.strategy,
            jit=self.jit and self._is_worth_compiling(split),
            parts=self.parts,
        )
        return reporting()(run)

    def _is_worth_compiling(self, split):
        answers = split.num_examples * self.source.spec.label.positions
        products = answers * self.state.model.count_params()
        return products >= _WORTH_COMPILING[self.device_type]


def _drawn(split, most):
    """The split, or `most` examples of a larger one."""
    if most is None or split.num_examples <= most:
        return split
    drawn = np.random.default_rng(0).choice(split.num_examples, most, replace=False)
    return split.subset(np.sort(drawn))

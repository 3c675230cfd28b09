"""An Experiment: everything of one run that training, evaluation and export need."""

import dataclasses
from collections.abc import Callable

import tensorflow as tf

from tfapp.config import Config
from tfapp.data.pipeline.choose import EngineChoice
from tfapp.distribution.cluster import Cluster
from tfapp.experiment.batch_plan import BatchPlan
from tfapp.experiment.calibration.choose import Choice
from tfapp.experiment.evaluations import Evaluations
from tfapp.experiment.prepare import Data
from tfapp.experiment.steps import StepBuilder
from tfapp.training.loop import LoopResult
from tfapp.training.state import TrainState


@dataclasses.dataclass(frozen=True)
class Experiment:
    """Complete when it is made, by `tfapp.experiment.assemble.assemble`."""

    config: Config
    model_name: str  # --model, or what auto stands for
    data: Data
    strategy: tf.distribute.Strategy
    cluster: Cluster
    batches: BatchPlan
    steps: StepBuilder
    engine_choice: EngineChoice
    choice: Choice
    state: TrainState
    run_loop: Callable[[int, int], LoopResult]  # (first_step, num_steps)
    evaluate: Evaluations  # (split) -> metrics

    @property
    def model(self):
        """The `keras.Model`."""
        return self.state.model

    @property
    def task(self):
        """The `Task`."""
        return self.steps.task

    @property
    def engine(self):
        """The input engine of training."""
        return self.steps.engine

    @property
    def bad_examples(self):
        """The examples that could not be used."""
        return self.data.source.bad_examples

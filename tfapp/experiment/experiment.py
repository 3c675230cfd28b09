"""An Experiment: everything of one run that training, evaluation and export need, put together."""

import dataclasses

from tfapp.data.pipeline import choose as engines
from tfapp.data.pipeline.evaluation import evaluation_input
from tfapp.distribution.strategy import device_type
from tfapp.durations import RunLength
from tfapp.experiment.calibration import choose
from tfapp.experiment.model_state import build_state
from tfapp.training import evaluation, loop, placement, step
from tfapp.training.state import TrainState


@dataclasses.dataclass
class Experiment:
    """Everything of one run that training, evaluation and export need."""

    config: object
    source: object
    strategy: object
    task: object
    preprocess: object
    engine: object
    engine_choice: engines.EngineChoice
    examples: dict  # raw features of a few test examples, name -> [n, ...]
    length: RunLength
    augment: object = None  # a training batch -> the changed one; None: --augment asks for nothing
    choice: choose.Choice | None = None
    state: TrainState | None = None
    _inputs: dict = dataclasses.field(default_factory=dict)  # of evaluation, by split
    _compiled: object = None  # the loop that calibration left compiled, if it did

    @property
    def model(self):
        return self.state.model

    @property
    def spec(self):
        return self.source.spec

    @property
    def num_replicas(self):
        return self.strategy.num_replicas_in_sync

    @property
    def total_steps(self):
        return self.length.total_steps

    @property
    def steps_per_epoch(self):
        return self.length.steps_per_epoch

    def make_state(self, precision):
        """A fresh `TrainState`, equal for equal seeds."""
        return build_state(
            self.config,
            self.strategy,
            self.source,
            self.preprocess,
            precision=precision,
            length=self.length,
        )

    def make_loop(self):
        """Returns run(first_step, num_steps) -> `LoopResult` for the chosen state and placement."""
        if self._compiled is None:
            self._compiled = self.loop_for(self.state, self.choice.precision, self.choice.placement)
        return self._compiled

    def use(self, choice, state, compiled=None):
        """Settles how the run is run. `compiled` is a loop made by `loop_for`, if there is one."""
        self.choice, self.state, self._compiled = choice, state, compiled

    def step_options(self, precision, **changes):
        """`StepOptions` of the configuration, with `changes`."""
        options = step.StepOptions(
            batch_size=self.config.batch_size,
            num_replicas=self.num_replicas,
            accumulate=self.config.accumulate,
            clip_norm=self.config.clip_norm,
            ema=self.config.ema,
            remat=self.config.remat,
            loss_scaling=precision == "float16",
            skip_nonfinite=self.config.nan_policy == "skip",
        )
        return dataclasses.replace(options, **changes)

    def step_functions(self, state, precision, *, augment=None, **changes):
        """The two halves of a step, not yet placed.

        `augment`: what was made of the experiment's own; `changes` are to the step's options.
        """
        return step.make_step_functions(
            model=state.model,
            task=self.task,
            preprocess=self.preprocess,
            augment=augment or self.augment,
            optimizer=state.optimizer,
            label=self.spec.label.name,
            options=self.step_options(precision, **changes),
        )

    def loop_for(self, state, precision, placement_name):
        """The compiled loop of one way of running a step."""
        chosen = placement.PLACEMENTS[placement_name]
        augment = placement.compile_augment(self.augment, chosen)
        run = loop.make_loop(
            state=state,
            functions=self.step_functions(state, precision, augment=augment),
            options=self.step_options(precision),
            engine=self.engine,
            strategy=self.strategy,
            placement=chosen,
            metrics=self.task.training_metrics,
        )
        return self.source.bad_examples.reporting()(run)

    def _evaluation_input(self, split):
        """The input of one split, read once however often it is evaluated."""
        if split not in self._inputs:
            with self.source.bad_examples.reporting():
                self._inputs[split] = evaluation_input(
                    self.source.splits[split],
                    strategy=self.strategy,
                    batch_size=max(self.config.batch_size, 256),
                    device_type=device_type(),
                    allowed=self.engine_choice.left / 2,  # as much for validation as for test
                )
        return self._inputs[split]

    def make_evaluation(self, split):
        """Returns run() -> `EvaluationResult` of the split, every example counted once."""
        run = evaluation.make_evaluation(
            state=self.state,
            inputs=self._evaluation_input(split),
            model=self.model,
            task=self.task,
            preprocess=self.preprocess,
            label=self.spec.label.name,
            strategy=self.strategy,
            jit=self.choice.placement in ("loop", "step", "gradients"),
        )
        return self.source.bad_examples.reporting()(run)

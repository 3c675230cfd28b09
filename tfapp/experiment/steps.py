"""How the steps of one run are built, whichever precision and placement are chosen."""

import dataclasses
from collections.abc import Callable, Sequence

import tensorflow as tf

from tfapp.data.augmentation import Augmentation
from tfapp.data.pipeline.engine import Engine
from tfapp.data.preprocessing import Preprocessing
from tfapp.data.splits.bad_examples import BadExamples
from tfapp.experiment.compress import Compression
from tfapp.tasks.task import Task
from tfapp.training import in_place, loop, placement, step
from tfapp.training.after_update import AfterUpdate
from tfapp.training.memory import finding_room


@dataclasses.dataclass(frozen=True)
class StepBuilder:
    """What every step of a run has in common; a `TrainState` and a placement complete it."""

    strategy: tf.distribute.Strategy
    task: Task
    preprocess: Preprocessing
    augment: Augmentation | None
    engine: Engine
    label: str  # name of the label in a batch
    options: step.StepOptions
    bad_examples: BadExamples
    after_update: Sequence[AfterUpdate] = ()  # more than those of the compression
    compression: Compression = dataclasses.field(default_factory=Compression)

    @property
    def hooks(self):
        """All `AfterUpdate` hooks, in the order of their calls."""
        return (*self.after_update, *self.compression.after_update)

    def functions(self, state, *, augment=None, **changes):
        """The two halves of a step, not yet placed.

        Args:
          state: a `TrainState`.
          augment: the augmentation in compiled form; None: as it is.
          **changes: to the step's options.
        """
        return step.make_step_functions(
            model=state.model,
            task=self.task,
            preprocess=self.preprocess,
            augment=augment or self.augment,
            optimizer=state.optimizer,
            label=self.label,
            options=dataclasses.replace(self.options, **changes),
            after_update=self.hooks,
            read_outputs=state.read_outputs,
            teacher=self.compression.teacher,
            as_used=state.as_used,
        )

    def loop(self, state, placement_name) -> Callable[[int, int], loop.LoopResult]:
        """The run of `make_loop`, which may raise `NotCompiled` or `NoRoom`."""
        chosen = placement.PLACEMENTS[placement_name]
        augment = placement.compile_augment(self.augment, chosen)
        run = loop.make_loop(
            state=state,
            functions=self.functions(state, augment=augment),
            options=self.options,
            engine=self.engine,
            strategy=self.strategy,
            placement=chosen,
            metrics=self.task.training_metrics,
        )
        reported = self.bad_examples.reporting()(run)
        return finding_room(self.options)(placement.compiling(chosen)(reported))

    def in_place(self, state, placement_name):
        """Whether the steps of `loop` update the state in place."""
        chosen = placement.PLACEMENTS[placement_name]
        return in_place.is_worth_it(state, chosen, hooks=bool(self.hooks))

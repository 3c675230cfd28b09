"""What every rehearsal and the run itself have in common, and the steps for one configuration.

The data's engine, the augmentation and the task are built once; a `Ground` makes the model, its
state and its loop from them for any length and learning rate.
"""

import dataclasses
import logging
from typing import NamedTuple

import tensorflow as tf

from tfapp.config_checks import COMPILE_BATCHES
from tfapp.data.augmentation import Augmentation
from tfapp.data.pipeline import choose as engines
from tfapp.data.pipeline.choose import EngineChoice
from tfapp.data.pipeline.engine import Engine
from tfapp.data.splits.split_names import TRAIN
from tfapp.distribution.cluster import Cluster
from tfapp.distribution.devices import device_type
from tfapp.experiment import augment, side_by_side
from tfapp.experiment.batch_plan import BatchPlan, plan_batches
from tfapp.experiment.class_weights import class_weights
from tfapp.experiment.compress import Compression, pruning_of
from tfapp.experiment.earlier import Earlier
from tfapp.experiment.evaluations import Evaluations
from tfapp.experiment.kept import RANKS
from tfapp.experiment.model_state import warmup_steps
from tfapp.experiment.prepare import Data
from tfapp.experiment.settle import Settled, settle
from tfapp.experiment.steps import StepBuilder
from tfapp.experiment.teacher import build_teacher
from tfapp.models.auto import choose_model
from tfapp.spec import KIND_OF_TASK
from tfapp.tasks import build_task
from tfapp.tasks.task import Task
from tfapp.training.schedules import Schedule
from tfapp.training.step import StepOptions
from tfapp.training.teacher import Teacher

_LOG = logging.getLogger("tfapp")


# Fields of which nothing that is compiled depends but the schedule.
_OF_LENGTH = ("steps", "epochs", "evaluate_every", "early_stopping")


class Parts(NamedTuple):
    """What a run is made of."""

    batches: BatchPlan
    steps: StepBuilder
    settled: Settled
    evaluate: Evaluations


@dataclasses.dataclass(frozen=True)
class Ground:
    """Builds `Parts` for configurations that differ in length and learning rate only."""

    data: Data
    strategy: tf.distribute.Strategy
    cluster: Cluster
    model_name: str  # --model, or what auto stands for
    task: Task
    engine_choice: EngineChoice
    engine: Engine
    augment: Augmentation | None
    keras_draws: bool  # layers draw by Keras's generator
    earlier: Earlier  # runs that this one builds upon
    teacher: Teacher | None

    def build(self, config, *, kept, measure):
        """The `Parts` of a `Config`.

        Args:
          config: its recipe is filled in.
          kept: `Choice.to_json` of an earlier start of the run, or of a rehearsal; {}: none.
          measure: whether anything may be measured.

        Raises:
          UsageError: the model cannot be built, or a forced choice cannot work here.
        """
        batches = plan(config, self.data, self.strategy)
        steps = self._steps(config, batches, kept)
        settled = settle(
            config,
            self.model_name,
            self.data,
            batches,
            steps,
            self.cluster,
            kept=kept,
            measure=measure,
        )
        return Parts(batches, steps, settled, self._evaluations(config, batches, steps, settled))

    def at_length(self, parts, built, config):
        """The `Parts` for another length, of what is compiled already.

        Args:
          parts, built: `Parts`, and the `Config` that they were built for.
          config: its recipe is filled in.

        Returns:
          `Parts`; None if they have to be built anew.
        """
        others = [name for name in vars(config) if name not in _OF_LENGTH]
        schedule = parts.settled.state.optimizer.schedule
        scheduled = isinstance(schedule, Schedule)
        # As tuples: values that are the same object are not compared, such as a user's data.
        if tuple(vars(built)[name] for name in others) != tuple(
            vars(config)[name] for name in others
        ) or (scheduled and not schedule.adjustable):
            return None
        if parts.steps.compression.pruning is not None:  # whose steps are compiled
            return None
        batches = plan(config, self.data, self.strategy)
        if scheduled:
            schedule.set_length(
                warmup_steps=warmup_steps(config, batches), total_steps=batches.total_steps
            )
        return parts._replace(batches=batches)

    def _evaluations(self, config, batches, steps, settled):
        given = config.eval_batch_size or self.cluster.num_workers > 1
        least = batches.eval_batch_size if given else batches.batch_size // batches.accumulate
        return Evaluations(
            source=self.data.source,
            state=settled.state,
            task=steps.task,
            preprocess=self.data.preprocess,
            strategy=self.strategy,
            batch_size=batches.eval_batch_size,
            least=least,
            device_type=device_type(),
            allowed=self.engine_choice.left / 2,  # as much for validation as for test
            reader=self.data.reader,
            jit=settled.choice.placement in COMPILE_BATCHES,
            parts=batches.parts,
        )

    def _steps(self, config, batches, kept):
        return StepBuilder(
            strategy=self.strategy,
            task=self.task,
            preprocess=self.data.preprocess,
            augment=self.augment,
            engine=self.engine,
            label=self.data.spec.label.name,
            options=StepOptions(
                batch_size=batches.batch_size,
                num_replicas=batches.num_replicas,
                accumulate=batches.accumulate,
                parts=batches.parts,
                clip_norm=config.clip_norm,
                ema=config.ema,
                remat=config.remat,
                keras_draws=self.keras_draws,
                skip_nonfinite=config.nan_policy == "skip",
                deterministic=config.deterministic,
                allreduce_precision=config.allreduce_precision,
            ),
            bad_examples=self.data.source.bad_examples,
            compression=Compression(
                self.earlier.initial,
                pruning_of(config, batches),
                self.teacher,
                config.quantize,
                config.low_rank,
                tuple(kept.get(RANKS, ())),
            ),
        )


def lay(config, data, strategy, cluster, *, model_name, keras_draws, adjustments, earlier):
    """Builds the `Ground` of a `Config` whose recipe is filled in.

    Args:
      config, data, strategy, cluster: a `Config`, its `Data` and its devices.
      model_name, keras_draws, earlier: see the attributes.
      adjustments: of the task's answers, see `Task.adjusted`.

    Raises:
      UsageError: the batch or the task does not fit the data.
    """
    batches = plan(config, data, strategy)
    choice, engine, change = _input(config, data, batches, strategy, cluster)
    task = _task(config, data).adjusted(adjustments)
    return Ground(
        data=data,
        strategy=strategy,
        cluster=cluster,
        model_name=model_name,
        task=task,
        engine_choice=choice,
        engine=engine,
        augment=change,
        keras_draws=keras_draws,
        earlier=earlier,
        teacher=earlier.teacher and build_teacher(earlier.teacher, config, data, task),
    )


def plan(config, data, strategy):
    """The `BatchPlan` of a `Config` whose recipe is filled in."""
    return plan_batches(
        data.source,
        num_replicas=strategy.num_replicas_in_sync,
        batch_size=config.batch_size,
        accumulate=config.accumulate,
        parts=side_by_side.parts_of(config),
        eval_batch_size=config.eval_batch_size,
        epochs=config.epochs,
        steps=config.steps,
    )


def name_model(config, data, kept):
    """--model, or what auto stands for.

    Args:
      config, data: a `Config` and its `Data`.
      kept: the model that the run chose when it began; "" if it begins now, None if that is not
        known.
    """
    if config.model != "auto":
        return config.model
    if kept:
        name, reason = kept, "as when the run began"
    else:
        name, reason = choose_model(
            data.inputs,
            data.spec.label,
            data.source.splits[TRAIN].num_examples,
            on_gpu=device_type() == "GPU",
            unrecorded=kept is None,
        )
    _LOG.info("model: %s (auto: %s)", name, reason)
    return name


def _input(config, data, batches, strategy, cluster):
    """(EngineChoice, Engine, Augmentation or None) of the training split."""
    split, entries, crops = augment.divide(config.augment, data.source.splits[TRAIN])
    change = augment.build(entries, data, micro_batch=batches.micro_batch)
    choice = engines.choose(
        config.engine,
        split,
        strategy=strategy,
        device_type=device_type(),
        crops=crops,
        served=data.served,
        free=cluster.agree(engines.free_bytes(device_type())),
    )
    engine = engines.build(
        choice,
        split,
        strategy=strategy,
        batch_size=batches.batch_size,
        seed=config.seed,
        device_type=device_type(),
        with_seeds=bool(config.augment),
        reader=data.reader,
    )
    return choice, engine, change


def _task(config, data):
    recipe = {}
    if data.preprocess.target is not None and config.task in ("auto", *KIND_OF_TASK):
        recipe["target"] = data.preprocess.target
    if config.label_smoothing:
        recipe["label_smoothing"] = config.label_smoothing
    if config.class_weight:
        recipe["class_weight"] = class_weights(config.class_weight, data.source)
    if config.threshold != "0.5":
        recipe["threshold"] = config.threshold
    if config.quantiles:
        recipe["quantiles"] = config.quantiles
    return build_task(config.task, config.loss, data.spec.label, **recipe)

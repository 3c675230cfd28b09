"""The arithmetic of batches, in one value: sizes, steps an epoch, steps in all, and durations."""

import dataclasses
import math

from tfapp.data.splits.split_names import TRAIN
from tfapp.errors import DataError, UsageError

_EVALUATION = 256  # examples an evaluation step at least, unless --eval_batch_size is given


@dataclasses.dataclass(frozen=True)
class BatchPlan:
    """How a run divides its examples into steps, replicas and micro-batches."""

    batch_size: int  # examples a step, over all replicas
    num_replicas: int
    accumulate: int  # micro-batches a step
    eval_batch_size: int  # examples an evaluation step, over all replicas
    steps_per_epoch: int  # full batches of an epoch
    total_steps: int  # of the run
    parts: int = 1  # of a micro-batch, computed side by side

    @property
    def share(self):
        """Examples a step on one replica."""
        return self.batch_size // self.num_replicas

    @property
    def micro_batch(self):
        """Examples that are in memory together on one replica."""
        return self.share // self.accumulate

    def steps(self, duration):
        """A `Duration` in optimizer steps, at least 1 unless its value is 0."""
        return in_steps(
            duration,
            per_epoch=self.steps_per_epoch,
            total=self.total_steps,
            batch_size=self.batch_size,
        )


def in_steps(duration, *, per_epoch, total, batch_size):
    """A `Duration` in steps of a run of `total` of them, at least 1 unless its value is 0."""
    per_unit = {
        "steps": 1.0,
        "epochs": per_epoch,
        "percent": total / 100,
        "examples": 1.0 / batch_size,
    }[duration.unit]
    return max(math.ceil(duration.value * per_unit - 1e-9), 1 if duration.value else 0)


def plan_batches(
    source, *, num_replicas, batch_size, accumulate, eval_batch_size, epochs, steps, parts=1
):
    """Plans the batches of a run.

    Args:
      source: a `Source`; the sizes of its splits count.
      num_replicas: over all workers.
      batch_size, accumulate, eval_batch_size, epochs, steps: the flags of these names.
      parts: --cpu_parts.

    Raises:
      UsageError: the batch is larger than the training split, or does not divide.
      DataError: a split is empty.
    """
    examples = source.splits[TRAIN].num_examples
    if batch_size > examples:
        raise UsageError(
            f"--batch_size={batch_size}: is larger than the {examples} training examples "
            f"of {source.spec.name}"
        )
    if batch_size % (num_replicas * accumulate):
        raise UsageError(
            f"--accumulate={accumulate}: --batch_size={batch_size} does not divide into "
            f"{accumulate} micro-batches on each of {num_replicas} replica(s)"
        )
    if batch_size // (num_replicas * accumulate) % parts:
        raise UsageError(
            f"--cpu_parts={parts}: --batch_size={batch_size} does not divide into {parts} parts of "
            f"each of {num_replicas * accumulate} micro-batch(es)"
        )
    for name, split in source.splits.items():
        if not split.num_examples:
            raise DataError(f"{source.spec.name}: split {name} is empty")
    steps_per_epoch = examples // batch_size
    return BatchPlan(
        batch_size=batch_size,
        num_replicas=num_replicas,
        accumulate=accumulate,
        eval_batch_size=eval_batch_size or max(batch_size, _EVALUATION),
        steps_per_epoch=steps_per_epoch,
        total_steps=steps or epochs * steps_per_epoch,
        parts=parts,
    )

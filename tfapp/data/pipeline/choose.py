"""Chooses the input engine, and gives the reason."""

import dataclasses
import math

from tfapp.data.pipeline.local_reader import HERE
from tfapp.data.pipeline.resident import ResidentInput, free_bytes
from tfapp.data.pipeline.stream import StreamInput
from tfapp.errors import UsageError

# Of the memory that is free when the run starts, for all splits together; the rest is for the
# model, its gradients and optimizer, and other processes on the machine.
RESIDENT_SHARE = 0.4


@dataclasses.dataclass(frozen=True)
class EngineChoice:
    """An engine's name and the reason, as they are printed and recorded."""

    name: str
    reason: str
    left: float = math.inf  # bytes of RESIDENT_SHARE that training leaves to the other splits


def choose(forced, split, *, strategy, device_type, crops="", served=False, free=None):
    """Returns an `EngineChoice` for --engine=`forced`.

    Args:
      forced: "auto", "resident" or "stream".
      split: the training split.
      strategy: the tf.distribute.Strategy.
      device_type: "CPU" or "GPU".
      crops: the augmentation that is applied while files are decoded; empty: none.
      served: whether a data service reads the examples.
      free: bytes of memory for data, where several hosts have agreed on a number; None: what is
        free on this one.

    Raises:
      UsageError: resident is forced and does not fit.
    """
    if crops and forced == "resident":
        raise UsageError(
            f"--engine=resident: --augment={crops} cuts its window while a file is decoded; "
            "use --engine=stream, or crop in its place"
        )
    need = resident_bytes(split, strategy, device_type)
    free = free_bytes(device_type) if free is None else free
    allowed = RESIDENT_SHARE * free
    if crops:
        reason = f"--augment={crops} cuts its window while a file is decoded"
        return EngineChoice("stream", reason, allowed)
    if served:
        return EngineChoice("stream", "fed by --data_service", allowed)
    sizes = f"{_size(need)} of data, {RESIDENT_SHARE:.0%} of the free {_size(free)} allowed"
    if forced == "resident" and need > allowed:
        raise UsageError(f"--engine=resident: does not fit: {sizes}; use --engine=stream")
    resident = forced == "resident" or (forced == "auto" and need <= allowed)
    reason = f"{'fits on' if resident else 'too large for'} the device: {sizes}"
    return EngineChoice(
        "resident" if resident else "stream",
        reason if forced == "auto" else "forced by --engine",
        allowed - need if resident else allowed,
    )


def resident_bytes(split, strategy, device_type):
    """Bytes that the split takes in the device's memory: a copy for each replica that shares it."""
    replicas = strategy.num_replicas_in_sync
    copies = len(strategy.extended.worker_devices) if device_type == "CPU" and replicas > 1 else 1
    return split.nbytes * copies


def build(
    choice,
    split,
    *,
    strategy,
    batch_size,
    seed,
    device_type="CPU",
    with_seeds=False,
    reader=HERE,
):
    """Builds the `Engine` of an `EngineChoice` over a training split.

    Args:
      batch_size: examples a step over all replicas.
      seed: of the global order.
      device_type: "CPU" or "GPU".
      with_seeds: whether batches hold EXAMPLE_SEED, for augmentation.
      reader: the `PieceReader` of the stream.
    """
    values = {
        "strategy": strategy,
        "batch_size": batch_size,
        "seed": seed,
        "with_seeds": with_seeds,
    }
    if choice.name == "resident":
        return ResidentInput(split, device_type=device_type, **values)
    return StreamInput(split, reader=reader, **values)


def _size(nbytes):
    units = ("B", "kB", "MB", "GB")
    power = min(len(f"{nbytes:.0f}") - 1, 9) // 3
    number = nbytes / 1000**power
    return f"{number:.0f} {units[power]}" if number >= 10 else f"{number:.1f} {units[power]}"

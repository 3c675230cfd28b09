"""Chooses the input engine, and says why."""

import dataclasses

from tfapp.data.resident import ResidentInput, free_bytes
from tfapp.data.stream import StreamInput
from tfapp.errors import UsageError

# Of the memory that is free when the run starts; the rest is for the model, its gradients and
# optimizer, and everybody else on the machine.
RESIDENT_SHARE = 0.4


@dataclasses.dataclass(frozen=True)
class EngineChoice:
    """An engine's name and the reason, as they are printed and recorded."""

    name: str
    reason: str


def choose(forced, split, *, strategy, device_type, crops=""):
    """Returns an `EngineChoice` for --engine=`forced`.

    `crops`: the augmentation that happens while files are decoded; empty: none does.

    Raises:
      UsageError: resident is forced and does not fit.
    """
    if crops:
        if forced == "resident":
            raise UsageError(
                f"--engine=resident: --augment={crops} cuts its window while a file is decoded; "
                "use --engine=stream, or crop in its place"
            )
        return EngineChoice("stream", f"--augment={crops} cuts its window while a file is decoded")
    need, free = _need_and_free(split, strategy, device_type)
    allowed = RESIDENT_SHARE * free
    sizes = f"{_size(need)} of data, {RESIDENT_SHARE:.0%} of the free {_size(free)} allowed"
    if forced == "resident" and need > allowed:
        raise UsageError(f"--engine=resident: does not fit: {sizes}; use --engine=stream")
    if forced != "auto":
        return EngineChoice(forced, "forced by --engine")
    if need <= allowed:
        return EngineChoice("resident", f"fits on the device: {sizes}")
    return EngineChoice("stream", f"too large for the device: {sizes}")


def fits(split, strategy, device_type):
    """True if the split may lie in the device's memory."""
    need, free = _need_and_free(split, strategy, device_type)
    return need <= RESIDENT_SHARE * free


def build(choice, split, *, strategy, batch_size, seed, with_seeds=False):
    """Builds the engine of `choice` over a training split.

    `with_seeds`: whether batches hold EXAMPLE_SEED, for augmentation.
    """
    kind = {"resident": ResidentInput, "stream": StreamInput}[choice.name]
    return kind(split, strategy=strategy, batch_size=batch_size, seed=seed, with_seeds=with_seeds)


def _need_and_free(split, strategy, device_type):
    """Bytes the split takes, a copy for each replica that shares the memory, and those free."""
    copies = strategy.num_replicas_in_sync if device_type == "CPU" else 1
    return split.nbytes * copies, free_bytes(device_type)


def _size(nbytes):
    units = ("B", "kB", "MB", "GB")
    power = min(len(f"{nbytes:.0f}") - 1, 9) // 3
    number = nbytes / 1000**power
    return f"{number:.0f} {units[power]}" if number >= 10 else f"{number:.1f} {units[power]}"

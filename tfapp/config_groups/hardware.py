"""The devices, and how a step runs on them."""

import dataclasses

from tfapp.config_fields import in_group

_flag = in_group("Hardware")


@dataclasses.dataclass(frozen=True)
class Hardware:
    """Fields of `tfapp.config.Config`."""

    # fmt: off
    strategy: str = _flag("auto",
        "one device, or mirrored over all GPUs; auto: mirrored if there are several",
        choices=("auto", "one", "mirrored"))
    logical_devices: int = _flag(0,
        "split the CPU into so many devices, to try several replicas without GPUs; 0: leave it "
        "whole", least=0)
    engine: str = _flag("auto",
        "resident keeps the data on the device, stream feeds it from the host; auto: resident "
        "where it fits", choices=("auto", "resident", "stream"))
    xla: str = _flag("auto",
        "what XLA compiles: the loop of steps, each step, each replica's gradients and update, the "
        "update alone, or nothing (off)",
        choices=("auto", "loop", "step", "gradients", "update", "off"))
    precision: str = _flag("auto",
        "of activations and products (weights are always float32); auto: float32, or bfloat16 "
        "where it is measured to gain at least 1.3x",
        choices=("auto", "float32", "bfloat16", "float16"), identity=True)
    shard_optimizer: bool = _flag(False,
        "each replica keeps and updates its own part of the optimizer's slots and the EMA weights")
    allreduce_precision: str = _flag("float32",
        "of gradients on their way between replicas; bfloat16 halves the bytes and rounds",
        choices=("float32", "bfloat16"), identity=True)
    deterministic: bool = _flag(False, "the same bits again on the same machine", identity=True)
    steps_per_loop: str = _flag("auto",
        "steps between two returns to the host; auto: from the step's time")
    require_gpu: bool = _flag(False, "stop at once (exit code 5) when TensorFlow sees no GPU")
    # fmt: on

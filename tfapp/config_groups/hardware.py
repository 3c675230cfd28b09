"""The devices, and how a step runs on them."""

import dataclasses

from tfapp.config_fields import in_group

_flag = in_group("Hardware")


@dataclasses.dataclass(frozen=True)
class Hardware:
    """Fields of `tfapp.config.Config`."""

    # fmt: off
    strategy: str = _flag("auto",
        "one device, mirrored over all GPUs, or multi_worker over those of several processes; "
        "auto: multi_worker where --workers, TF_CONFIG or Slurm name several, else mirrored if "
        "there are several GPUs", choices=("auto", "one", "mirrored", "multi_worker"))
    devices: tuple[str, ...] = _flag((),
        "numbers of the GPUs to use (0,2); by default all", resolved=False)
    logical_devices: int = _flag(0,
        "split the CPU, or one GPU together with --gpu_memory_limit, into so many devices, to try "
        "several replicas without several GPUs; 0: leave it whole", least=0)
    gpu_memory_growth: bool = _flag(False,
        "take a GPU's memory bit by bit, so that others may use it as well", resolved=False)
    gpu_memory_limit: int = _flag(0,
        "MB of each GPU's memory to take, or of each part of one that is split; 0: all that is "
        "free", resolved=False, least=0)
    workers: tuple[str, ...] = _flag((),
        "HOST:PORT of every worker, where neither TF_CONFIG nor Slurm names them", resolved=False)
    worker: int = _flag(-1,
        "index of this process among --workers; -1: that of a Kubernetes indexed job",
        resolved=False, least=-1)
    worker_port: int = _flag(8888,
        "port of the first worker on a host under Slurm, which names the hosts alone",
        resolved=False, above=0, below=65536)
    peer_timeout: str = _flag("10m",
        "how long a worker waits for the others, at the start and at each meeting",
        resolved=False, units=("seconds",), above=0)
    collective: str = _flag("auto",
        "how gradients are summed: ring or nccl between workers; nccl, hierarchical (copies in "
        "stages) or one (on one device) on one machine; auto: TensorFlow's choice",
        choices=("auto", "ring", "nccl", "hierarchical", "one"))
    collective_pack: int = _flag(0,
        "MB of gradients that workers sum together; 0: TensorFlow's choice", least=0)
    collective_timeout: str = _flag("",
        "time after which one sum between workers fails, to find what hangs; empty: none",
        units=("seconds",), words=("",), above=0)
    engine: str = _flag("auto",
        "resident keeps the data on the device, stream feeds it from the host; auto: resident "
        "where it fits", choices=("auto", "resident", "stream"))
    xla: str = _flag("auto",
        "what XLA compiles: the loop of steps, each step, each replica's gradients and update, the "
        "update alone, or nothing (off)",
        choices=("auto", "loop", "step", "gradients", "update", "off"))
    cpu_parts: int | str = _flag("auto",
        "parts of each batch that a CPU computes side by side, each on its share of the cores, "
        "instead of each operation on all of them; auto: up to 4 for transformers and "
        "convnext_tiny, else 1", identity=True, number=int, words=("auto",), above=0)
    precision: str = _flag("auto",
        "of activations and products (weights are always float32); auto: float32, or bfloat16 "
        "where it is measured to gain at least 1.3x",
        choices=("auto", "float32", "bfloat16", "float16"), identity=True)
    tf32: bool = _flag(True,
        "a GPU's products of float32 in TensorFloat-32, with 10 bits of mantissa, as in TensorFlow "
        "and Keras; --notf32: in full", identity=True)
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

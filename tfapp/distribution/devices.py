"""Which devices of this machine compute, and why no GPU does."""

import dataclasses
import logging

import tensorflow as tf

from tfapp.diagnosis import gpu_findings, tensorflow_report
from tfapp.diagnosis.gather import gather
from tfapp.errors import DeviceError, UsageError

_LOG = logging.getLogger("tfapp")


@dataclasses.dataclass(frozen=True)
class DeviceOptions:
    """What a run asks of this machine's devices."""

    chosen: tuple[int, ...] = ()  # numbers of the devices to use; (): all
    logical_devices: int = 0  # how many devices to split the CPU or a GPU into; 0: leave it whole
    memory_growth: bool = False  # whether a GPU's memory is taken bit by bit
    memory_limit: int = 0  # MB of each GPU; 0: all that is free
    tf32: bool = True  # whether a GPU multiplies float32 in TensorFloat-32
    require_gpu: bool = False  # whether a machine without a GPU is an error


def device_type():
    """ "GPU" or "CPU": what computes."""
    return "GPU" if tf.config.list_logical_devices("GPU") else "CPU"


def configure(options):
    """Sets the devices up, before TensorFlow makes them.

    Args:
      options: `DeviceOptions`.

    Returns:
      names of the devices that a run may use, such as ["GPU:0", "GPU:1"]: the GPUs that were chosen
      or, without any, that many of the CPU's logical devices.

    Raises:
      DeviceError: a GPU is required and none is visible.
      UsageError: a device is not there, or cannot be set up so.
    """
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return _configure_cpu(options)
    chosen = [gpus[i] for i in _checked(options.chosen, len(gpus), "GPUs")] or gpus
    parts = max(options.logical_devices, 1)
    if parts > 1:
        _check_split(options, chosen)
    try:
        tf.config.set_visible_devices(chosen, "GPU")
        for gpu in chosen:
            _limit_memory(gpu, options, parts)
    except RuntimeError as error:  # TensorFlow's devices are fixed by now
        if options.chosen or options.memory_growth or options.memory_limit:
            raise UsageError(
                "--devices, --gpu_memory_growth and --gpu_memory_limit: this process has made its "
                "devices already; start a new one"
            ) from error
    tf.config.experimental.enable_tensor_float_32_execution(options.tf32)
    return [f"GPU:{i}" for i in range(len(chosen) * parts)]


def _check_split(options, chosen):
    """Raises UsageError unless one GPU is to be split, into parts of a given size."""
    asked = f"--logical_devices={options.logical_devices}"
    if len(chosen) > 1:
        raise UsageError(
            f"{asked}: splits one GPU, or the CPU, and there are {len(chosen)} GPUs to use; drop "
            "it, choose one with --devices=0, or hide them with CUDA_VISIBLE_DEVICES=-1"
        )
    if not options.memory_limit:
        raise UsageError(
            f"{asked}: splits the GPU; add --gpu_memory_limit=MB, the memory of each part, or "
            "hide the GPU with CUDA_VISIBLE_DEVICES=-1 to split the CPU"
        )


def _configure_cpu(options):
    if options.memory_growth or options.memory_limit:
        flag = "gpu_memory_growth" if options.memory_growth else "gpu_memory_limit"
        raise UsageError(f"--{flag}: TensorFlow sees no GPU here; drop it")
    if options.logical_devices > 1:
        _split_cpu(options.logical_devices)
    _explain_no_gpu(options)
    # One device by default, even where an earlier call in this process has split the CPU.
    there = max(options.logical_devices, 1)
    kinds = "logical devices of the CPU" if there > 1 else "device, the CPU"
    return [f"CPU:{i}" for i in _checked(options.chosen, there, kinds) or range(there)]


def _checked(chosen, there, kinds):
    for number in chosen:
        if number >= there:
            raise UsageError(
                f"--devices={','.join(map(str, chosen))}: there are {there} {kinds}, counted from "
                f"0, and no number {number}"
                if there > 1
                else f"--devices={','.join(map(str, chosen))}: there is one {kinds}; drop it"
            )
    return list(chosen)


def _limit_memory(gpu, options, parts):
    if options.memory_growth and parts == 1:
        tf.config.experimental.set_memory_growth(gpu, True)
    elif options.memory_limit:
        limit = tf.config.LogicalDeviceConfiguration(memory_limit=options.memory_limit)
        tf.config.set_logical_device_configuration(gpu, [limit] * parts)


def _explain_no_gpu(options):
    """Logs why TensorFlow sees no GPU, where one was to be expected.

    Raises DeviceError for --require_gpu.
    """
    facts = gather(tensorflow_report.describe())
    reason = gpu_findings.why_no_gpu(facts)[0]
    if options.require_gpu:
        raise DeviceError(f"--require_gpu: TensorFlow sees no GPU: {reason}")
    if gpu_findings.is_expected(facts) and not options.logical_devices:
        _LOG.warning("training on the CPU: %s", reason)


def _split_cpu(wanted):
    """Splits the CPU, unless TensorFlow has split it into enough devices already."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    try:
        tf.config.set_logical_device_configuration(
            cpu, [tf.config.LogicalDeviceConfiguration()] * wanted
        )
    except RuntimeError as error:  # TensorFlow's devices are fixed by now
        have = len(tf.config.list_logical_devices("CPU"))
        if have < wanted:
            raise UsageError(
                f"--logical_devices={wanted}: this process has {have} already; start a new one"
            ) from error

"""Which devices of this machine compute, and why no GPU does."""

import logging

import tensorflow as tf

from tfapp.diagnosis import gpu_findings, tensorflow_report
from tfapp.diagnosis.gather import gather
from tfapp.errors import DeviceError, UsageError

_LOG = logging.getLogger("tfapp")


def device_type():
    """ "GPU" or "CPU": what computes."""
    return "GPU" if tf.config.list_logical_devices("GPU") else "CPU"


def local_devices(*, logical_devices, require_gpu):
    """The devices of this machine that a run may use, one type of them.

    Args:
      logical_devices: how many devices to split the CPU into; 0: leave it whole.
      require_gpu: whether a machine without a GPU is an error.

    Returns:
      all GPUs or, without any, that many of the CPU's logical devices.

    Raises:
      DeviceError: a GPU is required and none is visible.
      UsageError: the CPU cannot be split, or is not what computes here.
    """
    if logical_devices > 1:
        _split_cpu(logical_devices)
    gpus = tf.config.list_logical_devices("GPU")
    if not gpus:
        _explain_no_gpu(logical_devices, require_gpu)
    if gpus and logical_devices > 1:
        raise UsageError(
            f"--logical_devices={logical_devices}: splits the CPU, but this machine has "
            f"{len(gpus)} GPUs to use; drop it, or hide them with CUDA_VISIBLE_DEVICES=-1"
        )
    # One device by default, even where an earlier call in this process has split the CPU.
    return gpus or tf.config.list_logical_devices("CPU")[: max(logical_devices, 1)]


def _explain_no_gpu(logical_devices, require_gpu):
    """Logs why TensorFlow sees no GPU, where one was to be expected.

    Raises DeviceError for --require_gpu.
    """
    facts = gather(tensorflow_report.describe())
    reason = gpu_findings.why_no_gpu(facts)[0]
    if require_gpu:
        raise DeviceError(f"--require_gpu: TensorFlow sees no GPU: {reason}")
    if gpu_findings.is_expected(facts) and not logical_devices:
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

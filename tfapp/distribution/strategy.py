"""--strategy -> tf.distribute.Strategy, over the GPUs or the CPU's logical devices."""

import functools
import logging

import tensorflow as tf

from tfapp.diagnosis import gpu_findings, tensorflow_report
from tfapp.diagnosis.gather import gather
from tfapp.errors import DeviceError, UsageError

_LOG = logging.getLogger("tfapp")


def build_strategy(config):
    """Builds the strategy that `config` asks for.

    Returns:
      (strategy, reason): reason is one phrase for the log.

    Raises:
      DeviceError: a GPU is required and none is visible.
      UsageError: the devices do not allow what is asked, or the batch does not divide.
    """
    if config.deterministic:
        tf.config.experimental.enable_op_determinism()
    devices = _devices(config)
    kind = devices[0].device_type
    count = len(devices)
    if config.strategy == "one" or (config.strategy == "auto" and count == 1):
        return tf.distribute.get_strategy(), f"one {kind}"
    if config.strategy == "mirrored" and count == 1 and kind == "CPU":
        raise UsageError(
            "--strategy=mirrored: there is one device, the CPU; add --logical_devices=2 to try it"
        )
    if config.batch_size % count:
        raise UsageError(
            f"--batch_size={config.batch_size}: does not divide among {count} replicas; "
            f"use {config.batch_size // count * count or count}"
        )
    return _mirrored(tuple(device.name for device in devices)), f"{count} {kind}s"


@functools.cache
def _mirrored(devices):
    """One strategy a process: a second one would number its collective operations like the first,
    and TensorFlow would take the one's for the other's ("Shape mismatch in the collective")."""
    return tf.distribute.MirroredStrategy(devices)


def device_type():
    """ "GPU" or "CPU": what computes."""
    return "GPU" if tf.config.list_logical_devices("GPU") else "CPU"


def _devices(config):
    """All GPUs or, without any, as many of the CPU's logical devices as --logical_devices says."""
    if config.logical_devices > 1:
        _split_cpu(config.logical_devices)
    gpus = tf.config.list_logical_devices("GPU")
    if not gpus:
        _explain_no_gpu(config)
    if gpus and config.logical_devices > 1:
        raise UsageError(
            f"--logical_devices={config.logical_devices}: splits the CPU, but this machine has "
            f"{len(gpus)} GPUs to use; drop it, or hide them with CUDA_VISIBLE_DEVICES=-1"
        )
    # One device unless more are asked for, even where the process has split its CPU before.
    return gpus or tf.config.list_logical_devices("CPU")[: max(config.logical_devices, 1)]


def _explain_no_gpu(config):
    """Says why TensorFlow sees no GPU, where one could be. Raises DeviceError for --require_gpu."""
    facts = gather(tensorflow_report.describe())
    reason = gpu_findings.why_no_gpu(facts)[0]
    if config.require_gpu:
        raise DeviceError(f"--require_gpu: TensorFlow sees no GPU: {reason}")
    if gpu_findings.is_expected(facts) and not config.logical_devices:
        _LOG.warning("training on the CPU: %s", reason)


def _split_cpu(wanted):
    """Splits the CPU, unless TensorFlow has made enough devices of it already."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    try:
        tf.config.set_logical_device_configuration(
            cpu, [tf.config.LogicalDeviceConfiguration()] * wanted
        )
    except RuntimeError as error:  # TensorFlow has made its devices already
        have = len(tf.config.list_logical_devices("CPU"))
        if have < wanted:
            raise UsageError(
                f"--logical_devices={wanted}: this process has {have} already; start a new one"
            ) from error

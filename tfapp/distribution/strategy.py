"""--strategy -> tf.distribute.Strategy, over the GPUs or the CPU's logical devices."""

import tensorflow as tf

from tfapp.errors import DeviceError, UsageError


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
    gpus = tf.config.list_logical_devices("GPU") if _split_cpu(config) else []
    if config.require_gpu and not gpus:
        raise DeviceError("--require_gpu: TensorFlow sees no GPU on this machine")
    devices = gpus or tf.config.list_logical_devices("CPU")
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
    strategy = tf.distribute.MirroredStrategy([device.name for device in devices])
    return strategy, f"{count} {kind}s"


def device_type():
    """ "GPU" or "CPU": what computes."""
    return "GPU" if tf.config.list_logical_devices("GPU") else "CPU"


def _split_cpu(config):
    """Splits the CPU if --logical_devices says so; True, for the caller's `and`."""
    wanted = config.logical_devices
    if wanted > 1:
        cpu = tf.config.list_physical_devices("CPU")[0]
        try:
            tf.config.set_logical_device_configuration(
                cpu, [tf.config.LogicalDeviceConfiguration()] * wanted
            )
        except RuntimeError as error:  # TensorFlow has made its devices already
            have = len(tf.config.list_logical_devices("CPU"))
            if have != wanted:
                raise UsageError(
                    f"--logical_devices={wanted}: this process has {have} already; start a new one"
                ) from error
    return True

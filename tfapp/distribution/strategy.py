"""--strategy -> the tf.distribute.Strategy and the cluster of processes it spans."""

import functools
from typing import NamedTuple

import tensorflow as tf

from tfapp.distribution.cluster import Cluster, SingleProcess
from tfapp.distribution.devices import local_devices
from tfapp.errors import UsageError
from tfapp.registry import Registry

# Each is build(*, logical_devices, require_gpu) -> `Distribution`, called before TensorFlow makes
# its devices. A name is also one of the choices of --strategy.
STRATEGIES = Registry(
    "strategy",
    {
        "auto": "tfapp.distribution.strategy:automatic",
        "one": "tfapp.distribution.strategy:one_device",
        "mirrored": "tfapp.distribution.strategy:mirrored",
    },
)


class Distribution(NamedTuple):
    """What a run is spread over."""

    strategy: tf.distribute.Strategy
    cluster: Cluster
    reason: str  # one phrase for the log


def build_distribution(*, strategy, logical_devices, batch_size, deterministic, require_gpu):
    """Builds the `Distribution` of this process.

    Args:
      strategy: a name of `STRATEGIES`.
      logical_devices: how many devices to split the CPU into; 0: leave it whole.
      batch_size: examples in a global batch; None: it will be made to divide.
      deterministic: whether TensorFlow's operations must give the same result every time.
      require_gpu: whether a machine without a GPU is an error.

    Raises:
      DeviceError: a GPU is required and none is visible.
      UsageError: the devices do not allow the strategy, or the batch does not divide among them.
    """
    if deterministic:
        tf.config.experimental.enable_op_determinism()
    build = STRATEGIES.get(strategy)
    built = build(logical_devices=logical_devices, require_gpu=require_gpu)
    count = built.strategy.num_replicas_in_sync
    if batch_size is not None and batch_size % count:
        raise UsageError(
            f"--batch_size={batch_size}: does not divide among {count} replicas; "
            f"use {batch_size // count * count or count}"
        )
    return built


def automatic(**hardware):
    """All GPUs there are, or the CPU's devices, mirrored if they are several."""
    devices = local_devices(**hardware)
    return _alone(devices) if len(devices) == 1 else _replicas(devices)


def one_device(**hardware):
    """The first device alone."""
    return _alone(local_devices(**hardware))


def mirrored(**hardware):
    """A replica on each device of this machine. Raises UsageError for a CPU that is not split."""
    devices = local_devices(**hardware)
    if len(devices) == 1 and devices[0].device_type == "CPU":
        raise UsageError(
            "--strategy=mirrored: there is one device, the CPU; add --logical_devices=2 to try it"
        )
    return _replicas(devices)


def _alone(devices):
    kind = devices[0].device_type
    return Distribution(tf.distribute.get_strategy(), SingleProcess(), f"one {kind}")


def _replicas(devices):
    strategy = _mirrored(tuple(device.name for device in devices))
    return Distribution(strategy, SingleProcess(), f"{len(devices)} {devices[0].device_type}s")


@functools.cache
def _mirrored(devices):
    """One strategy a process: a second one would give its collective operations the numbers of the
    first one's, and TensorFlow would confuse them ("Shape mismatch in the collective")."""
    return tf.distribute.MirroredStrategy(devices)

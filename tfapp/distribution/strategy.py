"""--strategy -> the tf.distribute.Strategy and the cluster of processes it spans."""

import dataclasses
import functools
import logging
from typing import NamedTuple

import tensorflow as tf

from tfapp.distribution import collective, fingerprint
from tfapp.distribution.cluster import Cluster, SingleProcess
from tfapp.distribution.collective import CollectiveOptions
from tfapp.distribution.devices import DeviceOptions, configure
from tfapp.distribution.members import Members
from tfapp.distribution.rendezvous import meet
from tfapp.distribution.workers import Workers
from tfapp.errors import UsageError
from tfapp.registry import Registry
from tfapp.runtime import output, private_cluster

_LOG = logging.getLogger("tfapp")
# Each is build(`Wanted`) -> `Distribution`, called before TensorFlow makes its devices. A name is
# also one of the choices of --strategy.
STRATEGIES = Registry(
    "strategy",
    {
        "auto": "tfapp.distribution.strategy:automatic",
        "one": "tfapp.distribution.strategy:one_device",
        "mirrored": "tfapp.distribution.strategy:mirrored",
        "multi_worker": "tfapp.distribution.strategy:multi_worker",
    },
)


class Distribution(NamedTuple):
    """What a run is spread over."""

    strategy: tf.distribute.Strategy
    cluster: Cluster
    reason: str  # one phrase for the log


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What a strategy is built from."""

    devices: DeviceOptions
    collective: CollectiveOptions = dataclasses.field(default_factory=CollectiveOptions)
    members: Members | None = None  # the workers; None: this process alone
    facts: dict = dataclasses.field(default_factory=dict)  # in which all workers must be alike
    peer_timeout: float = 600.0  # seconds that a worker waits for the others


def build_distribution(*, strategy, wanted, batch_size, deterministic):
    """Builds the `Distribution` of this process.

    Args:
      strategy: a name of `STRATEGIES`.
      wanted: `Wanted`.
      batch_size: examples in a global batch; None: it will be made to divide.
      deterministic: whether TensorFlow's operations must give the same result every time.

    Raises:
      DeviceError: a GPU is required and none is visible.
      UsageError: the devices do not allow the strategy, the batch does not divide among them, or
        the workers are not alike.
      PeerLost: a worker is missing.
    """
    if deterministic:
        tf.config.experimental.enable_op_determinism()
    built = STRATEGIES.get(strategy)(wanted)
    count = built.strategy.num_replicas_in_sync
    if batch_size is not None and batch_size % count:
        raise UsageError(
            f"--batch_size={batch_size}: does not divide among {count} replicas; "
            f"use {batch_size // count * count or count}"
        )
    return built


def automatic(wanted):
    """The workers that are named, if there are any; else all devices of this machine."""
    if wanted.members:
        return multi_worker(wanted)
    devices = configure(wanted.devices)
    return _alone(devices) if len(devices) == 1 else _replicas(devices, wanted.collective)


def one_device(wanted):
    """The first device alone."""
    return _alone(configure(wanted.devices))


def mirrored(wanted):
    """A replica on each device of this machine. Raises UsageError for a CPU that is not split."""
    devices = configure(wanted.devices)
    if devices == ["CPU:0"] and not wanted.devices.logical_devices:
        raise UsageError(
            "--strategy=mirrored: there is one device, the CPU; add --logical_devices=2 to try it"
        )
    return _replicas(devices, wanted.collective)


def multi_worker(wanted):
    """A replica on each device of every worker."""
    members = wanted.members
    if members is None:
        raise UsageError(
            "--strategy=multi_worker: no workers are named: set TF_CONFIG, give "
            "--workers=HOST:PORT,... and --worker=0, 1, ..., or start it with srun; python -m "
            "tfapp.launch --workers=2 -- FLAGS tries it on this machine"
        )
    output.tag(f"[worker {members.worker}] ")
    devices = configure(wanted.devices)
    options = collective.across_machines(wanted.collective, _kind(devices))
    facts = {**wanted.facts, "devices": f"{len(devices)} {_kind(devices)}"}
    fingerprint.check(meet(members, facts, timeout=wanted.peer_timeout))
    strategy = _of_workers(members, tuple(devices), options)
    cluster = Workers(members, private_cluster.KeyValues(), timeout=wanted.peer_timeout)
    count = len(members.addresses)
    each = f"{len(devices)} {_kind(devices)}{'s' if len(devices) > 1 else ''}"
    return Distribution(strategy, cluster, f"{count} workers with {each} each, {members.source}")


def _of_workers(members, devices, options):
    try:
        return private_cluster.multi_worker_strategy(
            members.addresses, members.worker, devices, options
        )
    except RuntimeError as error:
        raise UsageError(
            f"{members.source}: this process has made its devices already; start a new one"
        ) from error
    except tf.errors.OpError as error:
        address = members.addresses[members.worker]
        raise UsageError(
            f"{members.source}: TensorFlow's server at {address} cannot start or find the others: "
            f"{' '.join(error.message.split())[:300]}"
        ) from error


def _kind(devices):
    return devices[0].partition(":")[0]


def _alone(devices):
    return Distribution(tf.distribute.get_strategy(), SingleProcess(), f"one {_kind(devices)}")


def _replicas(devices, options):
    strategy = _mirrored(tuple(devices), options)
    return Distribution(strategy, SingleProcess(), f"{len(devices)} {_kind(devices)}s")


@functools.cache
def _mirrored(devices, options):
    """One strategy a process: a second one would give its collective operations the numbers of the
    first one's, and TensorFlow would confuse them ("Shape mismatch in the collective")."""
    operations = collective.on_one_machine(options, _kind(devices))
    return tf.distribute.MirroredStrategy(devices, cross_device_ops=operations)

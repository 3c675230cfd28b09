"""The devices, and the workers, that a configuration asks for."""

from tfapp.distribution import fingerprint
from tfapp.distribution.collective import CollectiveOptions
from tfapp.distribution.devices import DeviceOptions, configure
from tfapp.distribution.members import find_members
from tfapp.distribution.strategy import Wanted, build_distribution
from tfapp.errors import UsageError
from tfapp.flag_values import parse_duration, whole_number

_TOGETHER = ("train", "eval")  # modes in which several workers take part
# What may differ from worker to worker: where each finds what it reads.
_OWN = ("data_dir", "manual_dir", "offline")


def choose_devices(config):
    """Builds the `Distribution` over them.

    Raises:
      UsageError, DeviceError: the machine has no such devices, or the workers are not alike.
      PeerLost: a worker is missing.
    """
    return build_distribution(
        strategy=config.strategy,
        wanted=Wanted(
            devices=_devices(config),
            collective=CollectiveOptions(
                config.collective, config.collective_pack, _seconds(config, "collective_timeout")
            ),
            members=members(config),
            facts={**fingerprint.of_code(), **_flags(config)},
            peer_timeout=_seconds(config, "peer_timeout"),
        ),
        batch_size=None if config.batch_size == "auto" else config.batch_size,
        deterministic=config.deterministic,
    )


def device_names(config):
    """Names of the devices that compute where nothing is trained: ["GPU:0", "GPU:1"].

    Raises:
      UsageError, DeviceError: the machine has no such devices.
    """
    names = configure(_devices(config))
    return names[:1] if config.strategy == "one" else names


def members(config):
    """The `Members` of a run of several workers; None: one process. Raises UsageError."""
    if config.strategy in ("one", "mirrored"):
        return None
    found = find_members(
        workers=config.workers, worker=config.worker, worker_port=config.worker_port
    )
    if config.mode in _TOGETHER or found is None:
        return found
    if config.strategy == "multi_worker" or config.workers:
        raise UsageError(
            f"--mode={config.mode}: runs in one process; drop --workers and --strategy"
        )
    return None  # TF_CONFIG and Slurm's variables may be there for what else runs here


def _devices(config):
    numbers = [whole_number(text) for text in config.devices]
    if None in numbers:
        raise UsageError(
            f"--devices={','.join(config.devices)}: write the numbers of the devices, such as 0,1"
        )
    if len(set(numbers)) < len(numbers):
        raise UsageError(f"--devices={','.join(config.devices)}: names a device twice")
    return DeviceOptions(
        chosen=tuple(numbers),
        logical_devices=config.logical_devices,
        memory_growth=config.gpu_memory_growth,
        memory_limit=config.gpu_memory_limit,
        tf32=config.tf32,
        require_gpu=config.require_gpu,
    )


def _seconds(config, name):
    value = vars(config)[name]
    return parse_duration(value, name, ("seconds",)).value if value else 0.0


def _flags(config):
    """The flags in which all workers must be alike, by name."""
    return {
        f"--{name}": list(value) if isinstance(value, tuple) else str(value)
        for name, value in config.resolved().items()
        if name not in _OWN
    }

"""The devices that a configuration asks for."""

from tfapp.distribution.strategy import build_distribution


def choose_devices(config):
    """Builds the `Distribution` over them.

    Raises:
      UsageError, DeviceError: the machine has no such devices.
    """
    return build_distribution(
        strategy=config.strategy,
        logical_devices=config.logical_devices,
        batch_size=None if config.batch_size == "auto" else config.batch_size,
        deterministic=config.deterministic,
        require_gpu=config.require_gpu,
    )

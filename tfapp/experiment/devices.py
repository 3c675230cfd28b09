"""The devices that a configuration asks for."""

from tfapp.distribution.strategy import build_strategy


def choose_devices(config):
    """Builds the strategy over them.

    Returns:
      (tf.distribute.Strategy, what it runs on, for the log).

    Raises:
      UsageError, DeviceError: the machine has no such devices.
    """
    return build_strategy(
        strategy=config.strategy,
        logical_devices=config.logical_devices,
        batch_size=config.batch_size,
        deterministic=config.deterministic,
        require_gpu=config.require_gpu,
    )

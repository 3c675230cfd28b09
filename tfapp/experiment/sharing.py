"""What the log says of how replicas share their work."""

from tfapp.training.groups import EMA, OPTIMIZER


def describe_sharing(config, state, *, num_replicas):
    """Lines for the log, of the flags that are on.

    Args:
      config: a `Config`.
      state: the `TrainState`.
      num_replicas: over all workers.
    """
    lines = []
    if config.shard_optimizer and state.shards is None:
        lines.append("optimizer: kept whole: one replica has nothing to share (--shard_optimizer)")
    elif config.shard_optimizer:
        kept = state.bytes_a_device()
        averages = " and EMA weights" if EMA in kept else ""
        size = kept[OPTIMIZER] + kept.get(EMA, 0)
        lines.append(
            f"optimizer: slots{averages} in {num_replicas} parts, {size / 1e6:,.1f} MB a device "
            "(--shard_optimizer)"
        )
    if config.allreduce_precision != "float32":
        sent = f"sent between replicas in {config.allreduce_precision}"
        if num_replicas == 1:
            sent = f"one replica sends none (--allreduce_precision={config.allreduce_precision})"
        lines.append(f"gradients: {sent}")
    return lines

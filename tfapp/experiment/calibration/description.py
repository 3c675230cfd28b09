"""What a measurement depends on: the key under which it is kept for the next run of the kind."""

import dataclasses

import tensorflow as tf

from tfapp.distribution.devices import device_type
from tfapp.runtime.host import processor


def describe(config, spec, model, engine, num_replicas):
    """A dict that can be written as JSON.

    Args:
      config: a `Config`.
      spec: a `DataSpec`.
      model: the built `keras.Model`.
      engine: name of the input engine.
      num_replicas: over all workers.
    """
    kind = device_type()
    asked = (config.prune, config.prune_pattern, config.distill_from, config.quantize != "none")
    smaller = list(asked) if any(asked) else []
    between = [config.shard_optimizer, config.allreduce_precision] if num_replicas > 1 else []
    details = [
        tf.config.experimental.get_device_details(device)
        for device in tf.config.list_physical_devices(kind)
    ]
    return {
        "model": [config.model, config.model_arg, [list(v.shape) for v in model.variables]],
        "features": [dataclasses.asdict(feature) for feature in spec.features],
        "recipe": [config.batch_size, config.optimizer, config.accumulate, config.ema, *smaller],
        "engine": engine,
        "replicas": [num_replicas, *between],
        "device": [kind, details, processor()],
        "tensorflow": tf.__version__,
    }

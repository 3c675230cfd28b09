"""What layers of Keras cannot be trained here, found before the first step."""

import keras

from tfapp.errors import UsageError
from tfapp.models.layers import reduces_across_replicas
from tfapp.runtime import private_api


def check_layers(model, name, *, num_replicas, accumulate):
    """Raises UsageError if a layer of the model cannot be trained.

    Args:
      model: a `keras.Model` whose layers exist.
      name: --model.
      num_replicas: over all workers.
      accumulate: micro-batches a step.
    """
    for layer in private_api.layers_of(model):
        if isinstance(layer, keras.layers.RNN) and layer.stateful:
            raise UsageError(
                f"--model={name}: the layer {layer.name} is stateful, but batches are drawn at "
                "random: no sequence goes on in the next batch; make it with stateful=False"
            )
    if num_replicas > 1 and accumulate > 1 and reduces_across_replicas(model):
        raise UsageError(
            f"--accumulate={accumulate}: synchronised batch normalisation on {num_replicas} "
            "replicas cannot wait for micro-batches; use --accumulate=1, or synchronized=False"
        )


def uncompiled_layer(model):
    """The name of a layer that Keras keeps out of XLA, or None.

    Some of them do compile, and then compute something else: where the start of a slice is known
    only in the step, XLA resizes more than the slice (RandomCrop). Recurrent layers are kept out
    for their cuDNN kernels, which a CPU has not.
    """
    layers = private_api.layers_of(model)
    names = [x.name for x in layers if not x.supports_jit and not isinstance(x, keras.layers.RNN)]
    return next(iter(names), None)

"""What layers of Keras cannot be trained here, found before the first step."""

import keras

from tfapp.errors import UsageError
from tfapp.models.layers import reduces_across_replicas
from tfapp.runtime import private_api

_OWN = ("train_step", "compute_loss")  # what a Keras model may do by itself, and tfapp's step does


def check_training(kind, name):
    """Raises UsageError if a class of models has a training step or a loss of its own.

    Args:
      kind: a subclass of `keras.Model`.
      name: --model.
    """
    for method in _OWN:
        owner = next(base for base in kind.__mro__ if method in vars(base))
        if owner.__module__.partition(".")[0] != "keras":
            raise UsageError(
                f"--model={name}: {owner.__name__} has its own {method}, which tfapp's step would "
                "skip; remove it, or write what it does as a --task, a subclass of "
                "tfapp.tasks.task.Task"
            )


def check_inputs(names, name, features):
    """Raises UsageError unless a model's inputs are the data's features.

    Args:
      names: of the inputs of a model that is made of `keras.Input`s.
      name: --model.
      features: names of what the model is given.
    """
    if len(names) == len(features) == 1:
        return  # whatever they are called
    missing = [repr(feature) for feature in features if feature not in names]
    unknown = [repr(other) for other in names if other not in features]
    if not missing and not unknown:
        return
    found = [f"it has no input for {', '.join(missing)}"] if missing else []
    found += [f"the data has no {', '.join(unknown)}"] if unknown else []
    remedy = "keras.Input(..., name=...) is the name of a feature"
    if len(names) == 1:
        remedy = "--flatten gives a model of one input all features as one vector"
    raise UsageError(f"--model={name}: {' and '.join(found)}; {remedy}")


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

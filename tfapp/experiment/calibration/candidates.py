"""Which ways of running a step are worth measuring on this device, for this model."""

import tensorflow as tf

from tfapp.config_checks import COMPILE_BATCHES
from tfapp.experiment.calibration.measure import Candidate
from tfapp.models.ensemble import members_of
from tfapp.models.layers import reduces_across_replicas
from tfapp.models.supported import uncompiled_layer
from tfapp.runtime import private_api
from tfapp.runtime.host import processor_flags
from tfapp.training import placement as placements


def list_candidates(
    question,
    model,
    *,
    num_replicas,
    engine,
    device_type,
    batch_size,
    large=False,
    teacher=None,
    parts=1,
):
    """Lists what may be chosen, the best guess first.

    Args:
      question: a `Question`.
      model: the built `keras.Model`.
      num_replicas: over all workers.
      engine: name of the input engine.
      device_type: "CPU" or "GPU".
      batch_size: examples a step over all replicas, or tokens where each has an answer.
      large: whether the state is; see `TrainState.is_large`.
      teacher: another `keras.Model` that each step calls; None: there is none.
      parts: of a batch, which nothing compiles as a whole if there are several.

    Returns:
      `Candidate`s, at least one.

    Raises:
      UsageError: a forced placement cannot work here.
    """
    models = [model] if teacher is None else [model, teacher]
    uncompiled = next(filter(None, map(uncompiled_layer, models)), None)
    valid = placements.valid_placements(
        num_replicas=num_replicas,
        engine=engine,
        synchronized=reduces_across_replicas(model),
        uncompiled=uncompiled,
    )
    if parts > 1:
        valid = [name for name in valid if name not in COMPILE_BATCHES]
    if question.placement != "auto":
        placements.check(
            question.placement, valid, num_replicas=num_replicas, uncompiled=uncompiled
        )
        names = [question.placement]
    elif question.kept.get("xla") in valid:
        names = [question.kept["xla"]]
    else:
        names = placements.worth_trying(
            valid,
            device_type=device_type,
            has_convolutions=any(map(has_convolutions, models)),
            work=sum(m.count_params() * batch_size * max(members_of(m), 1) for m in models),
            large=large or parts > 1,
        )
    pairs = [(p, x) for x in names for p in _precisions(question, device_type)]
    if device_type == "CPU" and len(names) > 1:
        # Only oneDNN uses a CPU's bfloat16 units: inside XLA's programs they lie idle.
        pairs = [(p, x) for p, x in pairs if p == "float32" or x in ("update", "off")]
    return [Candidate(p, x) for p, x in pairs]


def first_precision(question):
    """The precision of the first candidate."""
    return _precisions(question, "")[0]


def has_convolutions(model):
    """True if a layer of the model is a convolution, or a weight has the shape of a kernel."""
    named = any("Conv" in type(layer).__name__ for layer in private_api.layers_of(model))
    return named or any(len(v.shape) >= 4 for v in model.trainable_variables)


def has_bfloat16_units(device_type):
    """True if the device has bfloat16 products: AMX or AVX512_BF16, or tensor cores."""
    if device_type == "GPU":
        gpu = tf.config.list_physical_devices("GPU")[0]
        capability = tf.config.experimental.get_device_details(gpu).get("compute_capability")
        return capability is not None and capability[0] >= 8
    return not processor_flags().isdisjoint({"amx_bf16", "avx512_bf16"})


def _precisions(question, device_type):
    if question.precision != "auto":
        return [question.precision]
    if "precision" in question.kept:
        return [question.kept["precision"]]
    lower = ["bfloat16"] if device_type and has_bfloat16_units(device_type) else []
    return ["float32", *lower]

"""Settles precision and placement: forced, kept by the run, measured before, or measured now.

What a run was started with is kept in its folder (choices.json), so that a continued run computes
the same bits.
"""

import dataclasses

import tensorflow as tf

from tfapp.experiment.calibration import cache, measure
from tfapp.run_folder import CHOICES
from tfapp.runtime import private_api
from tfapp.runtime.host import processor, processor_flags
from tfapp.training import placement


@dataclasses.dataclass(frozen=True)
class Choice:
    """How a step is run, with the reasons that are printed and recorded."""

    precision: str
    placement: str
    precision_reason: str
    placement_reason: str
    measurements: tuple = ()  # JSON objects, one a candidate that was measured


def settle(experiment, folder, *, device_type, calibrate):
    """Decides, and tells the experiment by `experiment.use`.

    Raises:
      UsageError: a forced choice cannot work here.
    """
    config = experiment.config
    kept = folder.read_json(CHOICES) or {}
    first = config.precision if config.precision != "auto" else kept.get("precision", "float32")
    state = experiment.make_state(first)
    valid = placement.valid_placements(
        num_replicas=experiment.num_replicas,
        engine=experiment.engine.name,
        synchronized=any(
            getattr(v, "synchronized", False) for v in private_api.layers_of(state.model)
        ),
    )
    if config.xla != "auto":
        placement.check(config.xla, valid, num_replicas=experiment.num_replicas)
    candidates = _candidates(config, kept, valid, state.model, device_type)
    if len(candidates) == 1 or not calibrate or config.deterministic:
        choice = _unmeasured(config, kept, candidates[0])
        experiment.use(choice, state if choice.precision == first else None)
        if experiment.state is None:
            experiment.state = experiment.make_state(choice.precision)
    else:
        _measured(experiment, candidates, {first: state}, device_type)
    if calibrate:
        folder.write_json(
            CHOICES,
            {"precision": experiment.choice.precision, "xla": experiment.choice.placement},
        )


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


def _candidates(config, kept, valid, model, device_type):
    """What may be chosen, the best guess first."""
    if config.xla != "auto":
        placements = [config.xla]
    elif kept.get("xla") in valid:
        placements = [kept["xla"]]
    else:
        convolutions = has_convolutions(model)
        placements = placement.worth_trying(
            valid,
            device_type=device_type,
            has_convolutions=convolutions,
            work=model.count_params() * config.batch_size,
        )
    if config.precision != "auto" or "precision" in kept:
        precisions = [config.precision if config.precision != "auto" else kept["precision"]]
    else:
        lower = ["bfloat16"] if has_bfloat16_units(device_type) else []
        precisions = ["float32", *lower]
    pairs = [(p, x) for x in placements for p in precisions]
    if device_type == "CPU" and len(placements) > 1:
        # Only oneDNN uses a CPU's bfloat16 units: inside XLA's programs they lie idle.
        pairs = [(p, x) for p, x in pairs if p == "float32" or x in ("update", "off")]
    return [measure.Candidate(p, x) for p, x in pairs]


def _unmeasured(config, kept, candidate):
    def reason(flag, kept_name):
        if getattr(config, flag) != "auto":
            return f"forced by --{flag}"
        if kept_name in kept:
            return "as the run began"
        return (
            "the first guess: measured times are not deterministic"
            if config.deterministic
            else "the only one that fits here"
        )

    return Choice(
        candidate.precision,
        candidate.placement,
        reason("precision", "precision"),
        reason("xla", "xla"),
    )


def _measured(experiment, candidates, states, device_type):
    key = cache.key_of(_description(experiment, states, candidates, device_type))
    cached = cache.look_up(key)
    if cached is not None:
        best = measure.fastest(cached)
        state = states.get(best["precision"]) or experiment.make_state(best["precision"])
        experiment.use(_choice(best, cached, "measured before"), state)
        return

    def prepare(candidate):
        if candidate.precision not in states:
            states[candidate.precision] = experiment.make_state(candidate.precision)
        state = states[candidate.precision]
        run_loop = experiment.loop_for(state, candidate.placement)
        return measure.Prepared(state, run_loop, experiment.engine)

    measured = measure.calibrate(candidates, prepare, total_steps=experiment.total_steps)
    records = [measurement.to_json() for measurement, _ in measured]
    if len(records) == len(candidates):
        cache.keep(key, records)
    why = "measured" if len(records) > 1 else "the best guess; the run is too short to measure more"
    best = measure.fastest(records)
    prepared = measured[records.index(best)][1]
    experiment.use(_choice(best, records, why), prepared.state, prepared.run_loop)


def _choice(best, records, why):
    others = ", ".join(
        f"{r['xla']} {r['precision']} {r['step_ms']:.3g}" for r in records if r is not best
    )
    against = f"{best['step_ms']:.3g} ms a step{', against ' + others if others else ''}"
    return Choice(
        best["precision"],
        best["xla"],
        f"{why}" if len(records) > 1 else "the default",
        f"{why}: {against}" if len(records) > 1 else why,
        tuple(records),
    )


def _description(experiment, states, candidates, device_type):
    """What a measurement depends on."""
    config = experiment.config
    state = next(iter(states.values()))
    details = [
        tf.config.experimental.get_device_details(d)
        for d in tf.config.list_physical_devices(device_type)
    ]
    return {
        "model": [config.model, config.model_arg, [list(v.shape) for v in state.model.variables]],
        "features": [dataclasses.asdict(f) for f in experiment.spec.features],
        "recipe": [config.batch_size, config.optimizer, config.accumulate, config.ema],
        "candidates": [dataclasses.astuple(c) for c in candidates],
        "engine": experiment.engine.name,
        "replicas": experiment.num_replicas,
        "device": [device_type, details, processor()],
        "tensorflow": tf.__version__,
    }

"""--mode=benchmark: how fast this configuration trains here; nothing is kept."""

import dataclasses
import tempfile

from tfapp import flags
from tfapp.run_folder import open_run_folder
from tfapp.runtime import output, strict_json

_LONG = 1_000_000  # steps assumed for the run, so that calibration has the time it needs


def main(config):
    """Prints a table, or one JSON object with --json."""
    result = run(config)
    output.answer(strict_json.dumps(result) if config.json else _table(result))


def run(config):
    """Measures `config`.

    Returns:
      a dict: what `tfapp.experiment.throughput.measure` returns, and the choices of the run.

    Raises:
      TfappError: the configuration cannot be trained.
    """
    # TensorFlow is imported here.
    from tfapp.distribution.devices import device_type
    from tfapp.experiment import throughput
    from tfapp.experiment.assemble import assemble
    from tfapp.experiment.devices import choose_devices
    from tfapp.experiment.names import check_names

    check_names(config)
    distribution = choose_devices(config)
    with tempfile.TemporaryDirectory() as folder:
        config = dataclasses.replace(
            config, mode="train", model_dir=f"{folder}/run", steps=config.steps or _LONG
        )
        run_folder = open_run_folder(**flags.folder_arguments(config))
        try:
            experiment = assemble(config, run_folder, distribution=distribution)
            measured = throughput.measure(experiment, device_type())
        finally:
            run_folder.close()
    choice = experiment.choice
    return {
        "dataset": config.dataset,
        "model": experiment.model_name,
        "batch_size": config.batch_size,
        "replicas": experiment.batches.num_replicas,
        "engine": experiment.engine_choice.name,
        "precision": choice.precision,
        "xla": choice.placement,
        **measured,
        "measurements": list(choice.measurements),
    }


def _table(result):
    """The result as text, one quantity per line."""
    flops, fraction = result["flops_per_step"], result["fraction_of_peak"]
    peak = f"{result['device_peak_flops_per_second'] / 1e9:,.0f} GFLOP/s"
    rows = {
        "rate": f"{result['examples_per_second']:,.0f} examples/s",
        "step": f"{result['step_ms']:.3f} ms (best {result['step_ms_best']:.3f})",
        "first step": f"{result['first_step_seconds']:.2f} s, compilation included",
        "input wait": f"{result['input_wait']:.1%} of the time",
        "peak memory": f"{result['peak_memory_bytes'] / 1e6:,.0f} MB",
        "work": f"{flops / 1e9:,.3f} GFLOP a step" if flops else "not counted: shapes vary",
        "reached": f"{fraction:.1%} of {peak}, a large matrix product in {result['precision']}"
        if fraction
        else f"not known; a large matrix product: {peak}",
        "how": f"{result['engine']}, xla {result['xla']}, {result['precision']}, "
        f"{result['replicas']} replica(s)",
    }
    return "\n".join(f"{name:<12} {value}" for name, value in rows.items())

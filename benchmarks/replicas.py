"""What replicas cost: optimizer state in shares, gradients in bfloat16, the strategy itself.

    python benchmarks/replicas.py --replicas=2 --model=mlp --model_arg=hidden=4096
    python benchmarks/replicas.py --replicas=1 --variants=one,mirrored

Each variant is the run's own loop on logical devices of the CPU, or on the GPUs that are there. All
run in one process and take turns. A line of JSON a variant: bytes of state on a device, the median
milliseconds a step, and how far the losses of the first steps are from those of the first variant.
"""

import json
import pathlib
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import command_line

import tfapp
from tfapp.config import FLAGS
from tfapp.flags import folder_arguments
from tfapp.run_folder import open_run_folder

_ROUNDS = 9
_SECONDS = 0.5  # of a variant in a round
VARIANTS = {
    "whole": {},
    "shards": {"shard_optimizer": True},
    "bfloat16": {"allreduce_precision": "bfloat16"},
    "shards+bfloat16": {"shard_optimizer": True, "allreduce_precision": "bfloat16"},
    "one": {"strategy": "one"},
    "mirrored": {"strategy": "mirrored"},
}


def main():
    parser = command_line.Parser(__doc__)
    parser.add_argument("--replicas", type=command_line.above_zero(int), default=2)
    parser.add_argument("--variants", type=command_line.names_of(VARIANTS), default="")
    parser.add_argument("--dataset", default="synthetic:784:10:60000")
    parser.add_argument("--model", default="mlp")
    parser.add_argument("--model_arg", action="append", default=[])
    parser.add_argument("--batch_size", type=command_line.above_zero(int), default=1024)
    parser.add_argument("--optimizer", default="adam")
    parser.add_argument("--ema", type=float, default=0.0)
    parser.add_argument("--learning_rate", type=command_line.above_zero(float), default=1e-3)
    parser.add_argument("--xla", choices=FLAGS["xla"].choices[1:], default="update")
    parser.add_argument("--steps", type=command_line.above_zero(int), default=50)
    flags = parser.parse_args()
    from tfapp.runtime.import_tensorflow import import_tensorflow

    import_tensorflow()
    with tempfile.TemporaryDirectory() as folder:
        try:
            for record in compare(flags, folder):
                print(json.dumps(record), flush=True)
        except tfapp.TfappError as error:
            sys.exit(f"{parser.prog}: {error}")


def compare(flags, folder):
    """Yields a record for each variant."""
    built = {name: _build(flags, f"{folder}/{name}", VARIANTS[name]) for name in flags.variants}
    losses = {name: _losses(experiment, flags.steps) for name, experiment in built.items()}
    times = _times({name: experiment.run_loop for name, experiment in built.items()}, flags.steps)
    expected = losses[flags.variants[0]]
    for name, experiment in built.items():
        pairs = zip(losses[name], expected, strict=True)
        differences = [abs(a - b) / max(b, 1e-12) for a, b in pairs]
        yield {
            "variant": name,
            "replicas": experiment.batches.num_replicas,
            **{f"{group}_bytes": size for group, size in experiment.state.bytes_a_device().items()},
            "step_ms": round(1000 * times[name], 4),
            "first_loss": losses[name][0],
            "last_loss": losses[name][-1],
            "largest_difference": max(differences),
            "median_difference": statistics.median(differences),
        }


def _build(flags, folder, changes):
    import tensorflow as tf

    from tfapp.experiment.assemble import assemble

    split = 0 if tf.config.list_physical_devices("GPU") else flags.replicas
    config = tfapp.Config(
        dataset=flags.dataset, model=flags.model, model_arg=tuple(flags.model_arg),
        batch_size=flags.batch_size, optimizer=flags.optimizer, ema=flags.ema, augment=(),
        learning_rate=flags.learning_rate, xla=flags.xla, precision="float32", steps=10**6,
        logical_devices=split, model_dir=folder,
        schedule="constant", warmup_steps="0", **changes,
    )  # fmt: skip
    return assemble(config, open_run_folder(**folder_arguments(config)))


def _losses(experiment, steps):
    experiment.engine.restart(0)
    sums = [experiment.run_loop(step, 1).sums for step in range(steps)]
    return [s["loss"] / s["count"] for s in sums]


def _times(loops, step):
    """Seconds a step, medians of alternating rounds."""
    counts = {name: max(1, int(_SECONDS / _seconds(run, step, 1))) for name, run in loops.items()}
    times = {name: [] for name in loops}
    for _ in range(_ROUNDS):
        for name, run in loops.items():
            step += counts[name]
            times[name].append(_seconds(run, step, counts[name]) / counts[name])
    return {name: statistics.median(values) for name, values in times.items()}


def _seconds(run, first, count):
    begin = time.monotonic()
    run(first, count)
    return time.monotonic() - begin


if __name__ == "__main__":
    main()

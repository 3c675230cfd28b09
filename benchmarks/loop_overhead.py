"""What the loop costs compared with the bare compiled step, in the same placement.

    python benchmarks/loop_overhead.py --model=mlp --batch_size=1024

The bare step is the loop's own body on one batch that is gathered beforehand: no order, no
gathering, no sums over steps, no check of the loss. Both run in one process and take turns. The
learning rate is close to zero, because a memorised batch has gradients whose squares are denormal
numbers, which can slow a processor down several times.
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


def main():
    parser = command_line.Parser(__doc__)
    parser.add_argument("--dataset", default="synthetic:784:10:60000")
    parser.add_argument("--model", default="mlp")
    parser.add_argument("--batch_size", type=command_line.above_zero(int), default=1024)
    parser.add_argument("--precision", choices=FLAGS["precision"].choices[1:], default="float32")
    parser.add_argument(
        "--placements", type=command_line.names_of(FLAGS["xla"].choices[1:]),
        default="loop,step,update,off",
    )  # fmt: skip
    flags = parser.parse_args()
    from tfapp.runtime.import_tensorflow import import_tensorflow

    import_tensorflow()
    with tempfile.TemporaryDirectory() as folder:
        for name in flags.placements:
            try:
                print(json.dumps(compare(flags, name, f"{folder}/{name}")), flush=True)
            except tfapp.TfappError as error:
                sys.exit(f"{parser.prog}: {error}")


def compare(flags, name, folder):
    """Milliseconds per step of the loop and of the bare step, medians of alternating rounds."""
    from tfapp.experiment.assemble import assemble

    config = tfapp.Config(
        dataset=flags.dataset, model=flags.model, batch_size=flags.batch_size,
        precision=flags.precision, xla=name, model_dir=folder, steps=10**6,
        learning_rate=1e-12,
    )  # fmt: skip
    experiment = assemble(config, open_run_folder(**folder_arguments(config)))
    experiment.engine.restart(0)
    runs = {"loop": experiment.run_loop, "bare": bare_loop(experiment, name)}
    for run in runs.values():
        run(0, 1)  # compiles
    count = 1
    while _seconds(runs["bare"], count) < 0.5:
        count *= 2
    times = {key: [] for key in runs}
    for _ in range(_ROUNDS):
        for key, run in runs.items():
            times[key].append(1000 * _seconds(run, count) / count)
    medians = {key: statistics.median(values) for key, values in times.items()}
    return {
        "placement": name,
        "steps": count,
        **medians,
        "overhead": medians["loop"] / medians["bare"] - 1,
    }


def bare_loop(experiment, name):
    """The compiled step in a plain loop, always on the same batch."""
    import tensorflow as tf

    from tfapp.training import placement, step

    state, chosen = experiment.state, placement.PLACEMENTS[name]
    options = experiment.steps.options
    functions = placement.compile_step(experiment.steps.functions(state), chosen)
    train_step = step.make_train_step(functions, step.reduce_nothing, options)
    if chosen.step:
        train_step = tf.function(train_step, jit_compile=True)
    rows = experiment.data.source.splits["train"].fetch(
        tf.range(options.batch_size, dtype=tf.int64)
    )

    @tf.function(jit_compile=chosen.loop or None)
    def loop(values, rows, count):
        def body(i, values):
            return i + 1, train_step(values, rows, 0, i)[0]

        start = tf.constant(0, tf.int64)
        values = tf.while_loop(lambda i, _: i < count, body, (start, values))[1]
        return values["trainable"][0][0]

    values = state.read()
    return lambda _, count: loop(values, rows, tf.constant(count, tf.int64)).numpy()


def _seconds(run, count):
    begin = time.monotonic()
    run(0, count)
    return time.monotonic() - begin


if __name__ == "__main__":
    main()

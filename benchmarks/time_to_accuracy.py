"""Seconds from the start of a process to 0.90 test accuracy on Fashion-MNIST with the small CNN.

    python benchmarks/time_to_accuracy.py --data=FOLDER_OF_FASHION_MNIST --output=seconds.json

Compares tfapp, with everything on auto, with a Keras fit script as users write it: the same
network, batch size and learning rate, both evaluated on the test split every quarter of an epoch.
They take turns; each round has another seed, because the step at which 0.90 is first seen depends
on it.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import command_line
import numpy as np
import workloads

ROOT = pathlib.Path(__file__).resolve().parents[1]
_TARGET = 0.90
_BATCH = 128
_EVALUATE_EVERY = 117  # steps: a quarter of an epoch


def main():
    parser = command_line.Parser(__doc__)
    parser.add_argument(
        "--data",
        type=command_line.folder,
        required=True,
        help="folder of Fashion-MNIST's .gz files",
    )
    parser.add_argument("--rounds", type=command_line.above_zero(int), default=1)
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--keras_policy", default="float32")
    parser.add_argument("--seed", type=int, default=0, help="of the first round")
    parser.add_argument("--output", type=command_line.new_file, default="seconds.json")
    # Given in the peer's process: the arrays.
    parser.add_argument("--keras_script", help=argparse.SUPPRESS)
    flags = parser.parse_args()
    if flags.keras_script:
        return keras_script(flags.keras_script, flags.keras_policy, flags.seed)
    seconds = {"tfapp": [], "keras": []}
    with tempfile.TemporaryDirectory() as folder:
        arrays = _write(flags.data, folder)
        for number in range(flags.seed, flags.seed + flags.rounds):
            seconds["tfapp"].append(
                _tfapp(arrays, flags.precision, f"{folder}/run{number}", number)
            )
            seconds["keras"].append(_keras(arrays, flags.keras_policy, number))
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    print(
        f"tfapp {medians['tfapp']:.1f} s, Keras fit {medians['keras']:.1f} s: "
        f"{medians['tfapp'] / medians['keras']:.2f} of it"
    )
    pathlib.Path(flags.output).write_text(json.dumps(seconds, indent=1))
    return None


def keras_script(arrays, policy, seed):
    """What a user would write."""
    import keras

    sys.path.insert(0, str(ROOT / "benchmarks" / "peers"))
    import keras_fit

    keras.config.set_dtype_policy(policy)
    keras.utils.set_random_seed(seed)

    class UntilAccurate(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if (self.model.optimizer.iterations.numpy() % _EVALUATE_EVERY) == 0:
                accuracy = self.model.evaluate(x_test, y_test, batch_size=256, verbose=0)[1]
                print(f"{accuracy:.4f}", file=sys.stderr, flush=True)
                if accuracy >= _TARGET:
                    os._exit(0)  # the caller's clock stops here

    with np.load(arrays) as file:
        x, y, x_test, y_test = (file[k] for k in ("x_train", "y_train", "x_test", "y_test"))
    mean, std = x.mean(), x.std()
    x, x_test = ((a.astype(np.float32) - mean) / std for a in (x, x_test))
    model = keras_fit.cnn()
    model.compile(
        optimizer=keras.optimizers.Adam(workloads.LEARNING_RATE),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model.fit(x, y, batch_size=_BATCH, epochs=20, verbose=0, callbacks=[UntilAccurate()])
    sys.exit("did not reach the accuracy")


def _write(data, folder):
    path = pathlib.Path(folder) / "fashion.npz"
    arrays = {}
    for split in ("train", "test"):
        x, y = workloads.read_split(data, split)
        arrays[f"x_{split}"], arrays[f"y_{split}"] = x[..., None], y
    # During training, tfapp evaluates on the split called validation.
    arrays["x_validation"], arrays["y_validation"] = arrays["x_test"], arrays["y_test"]
    np.savez(path, **arrays)
    return path


def _tfapp(arrays, precision, run, seed):
    """Seconds until metrics.jsonl has a validation record with the target accuracy."""
    command = [
        sys.executable, str(ROOT / "main.py"), f"--dataset=npz:{arrays}", "--model=cnn",
        f"--batch_size={_BATCH}", f"--learning_rate={workloads.LEARNING_RATE}", "--epochs=20",
        f"--precision={precision}", f"--evaluate_every={_EVALUATE_EVERY}", f"--model_dir={run}",
        f"--seed={seed}", "--augment=",
    ]  # fmt: skip
    begin = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        time.sleep(0.05)
        for line in _lines(pathlib.Path(run) / "metrics.jsonl"):
            record = json.loads(line)
            if record["split"] == "validation" and record["accuracy"] >= _TARGET:
                seconds = time.monotonic() - begin
                process.kill()
                process.wait()
                print(f"tfapp: step {record['step']}, {seconds:.1f} s", file=sys.stderr)
                return seconds
    return sys.exit("tfapp ended before the accuracy was reached")


def _lines(path):
    """Complete lines of a file that may not exist yet."""
    if not path.exists():
        return []
    return path.read_text().split("\n")[:-1]


def _keras(arrays, policy, seed):
    begin = time.monotonic()
    command = [
        sys.executable, __file__, "--data=.", f"--keras_script={arrays}",
        f"--keras_policy={policy}", f"--seed={seed}",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True)
    seconds = time.monotonic() - begin
    if done.returncode:
        sys.exit(done.stderr[-2000:])
    evaluations = sum(line.startswith("0.") for line in done.stderr.splitlines())
    print(f"keras: step {evaluations * _EVALUATE_EVERY}, {seconds:.1f} s", file=sys.stderr)
    return seconds


if __name__ == "__main__":
    main()

"""Memory that a step takes for every byte of weights, and its time: tfapp, Keras fit and PyTorch.

    python benchmarks/memory.py --hidden=12000,36000 --pytorch=PYTHON_THAT_HAS_TORCH

The network is 4096-H-10 with Adam in float32 at batch 64, so that almost all memory is that of one
matrix, its two slots and its gradient: 4 bytes for every byte of weights are needed. Each row is
a process of its own, which first trains the same network with 16 hidden units: what that leaves
resident (libraries, threads, compilers) is not counted. The peak is that of building, of the first
step and of all others. "keras graph" is fit without XLA, "pytorch fused" has Adam(fused=True).
Linux only: it reads VmHWM in /proc/self/status.
"""

import contextlib
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import command_line

ROOT = pathlib.Path(__file__).resolve().parents[1]
PLACEMENTS = ("off", "update", "gradients", "step", "loop")
ROWS = (
    *(f"tfapp {name}" for name in PLACEMENTS),
    "keras fit",
    "keras graph",
    "pytorch",
    "pytorch fused",
)
_FEATURES, _CLASSES, _BATCH, _EXAMPLES = 4096, 10, 64, 256
_SMALL = 16  # hidden units of the network whose memory is not counted
_RATE = 1e-4
_STEPS = 3  # between two looks at the clock
_STATUS = pathlib.Path("/proc/self/status")
_RESET_PEAK = "5"  # written to clear_refs: the peak is from now on that of what follows


def main():
    parser = command_line.Parser(__doc__)
    parser.add_argument("--hidden", type=_sizes, default=[12_000, 36_000], help="sizes, by comma")
    parser.add_argument(
        "--only", type=command_line.names_of(ROWS), default=list(ROWS), help="rows, by comma"
    )
    parser.add_argument("--rounds", type=command_line.above_zero(int), default=7)
    parser.add_argument(
        "--against", type=command_line.checkout, help="another checkout of tfapp, measured as well"
    )
    parser.add_argument(
        "--pytorch", type=command_line.file, default=sys.executable, metavar="PYTHON",
        help="the interpreter that has torch; default: this one",
    )  # fmt: skip
    parser.add_argument("--run", choices=ROWS, help="measures this row in this process")
    parser.add_argument("--root", default=str(ROOT), help="with --run: the checkout of tfapp")
    flags = parser.parse_args()
    if not _STATUS.exists():
        command_line.skip("needs Linux, for /proc/self/status")
    if flags.run:
        print(json.dumps(measure(flags.run, flags.hidden[0], flags.rounds, flags.root)))
        return
    print(f"{'hidden':>7}  {'':<28}{'bytes a byte of weights':>24}{'ms a step':>12}{'best':>9}")
    for hidden in flags.hidden:
        for row in flags.only:
            for root in (str(ROOT), flags.against):
                if root == str(ROOT) or (root and row.startswith("tfapp")):
                    _print(hidden, row, root, flags)


def measure(row, hidden, rounds, root):
    """The peak of resident memory and milliseconds a step, of one row in this process."""
    tool, *rest = row.split(" ", 1)
    train = {"tfapp": _tfapp, "keras": _keras, "pytorch": _pytorch}[tool](*rest, root=root)
    train(_SMALL, 2)
    before = _resident("VmRSS")
    pathlib.Path("/proc/self/clear_refs").write_text(_RESET_PEAK)
    seconds = train(hidden, rounds)
    weights = 4 * (hidden * (_FEATURES + 1 + _CLASSES) + _CLASSES)
    return {
        "bytes_a_byte": (_resident("VmHWM") - before) / weights,
        "ms": 1000 * statistics.median(seconds),
        "best_ms": 1000 * min(seconds),
    }


def _print(hidden, row, root, flags):
    python = flags.pytorch if row.startswith("pytorch") else sys.executable
    command = [python, __file__, f"--run={row}", f"--hidden={hidden}", f"--rounds={flags.rounds}"]
    done = subprocess.run([*command, f"--root={root}"], capture_output=True, text=True)
    name = row if root == str(ROOT) else f"{row}, {pathlib.Path(root).resolve().name}"
    if done.returncode == command_line.SKIPPED:
        print(f"{hidden:>7}  {name:<28}{done.stderr.splitlines()[-1]}", flush=True)
    elif done.returncode:
        sys.exit(f"{name} failed:\n{done.stderr[-2000:]}")
    else:
        found = json.loads(done.stdout.splitlines()[-1])
        numbers = f"{found['bytes_a_byte']:>24.2f}{found['ms']:>12.0f}{found['best_ms']:>9.0f}"
        print(f"{hidden:>7}  {name:<28}{numbers}", flush=True)


def _tfapp(placement, *, root):
    sys.path.insert(0, root)
    import tfapp
    from tfapp.runtime.import_tensorflow import import_tensorflow

    import_tensorflow()
    from tfapp.experiment.assemble import assemble
    from tfapp.flags import folder_arguments
    from tfapp.run_folder import open_run_folder

    def train(hidden, rounds):
        with tempfile.TemporaryDirectory() as folder:
            config = tfapp.Config(
                dataset=f"synthetic:{_FEATURES}:{_CLASSES}:{_EXAMPLES}", model="mlp",
                model_arg=(f"hidden={hidden}",), batch_size=_BATCH, xla=placement, steps=10**6,
                precision="float32", optimizer="adam", learning_rate=_RATE, weight_decay=0.0,
                clip_norm=0.0, label_smoothing=0.0, augment=(), schedule="constant",
                warmup_steps="0", model_dir=f"{folder}/run",
            )  # fmt: skip
            with contextlib.closing(open_run_folder(**folder_arguments(config))) as opened:
                experiment = assemble(config, opened)
                experiment.engine.restart(0)
                experiment.run_loop(0, 1)
                experiment.run_loop(1, _STEPS)
                return [_seconds(experiment.run_loop, 1 + _STEPS * i) for i in range(1, rounds + 1)]

    return train


def _seconds(run_loop, step):
    begin = time.monotonic()
    run_loop(step, _STEPS)
    return (time.monotonic() - begin) / _STEPS


def _keras(variant, *, root):
    del root
    import os

    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    keras = command_line.needs("keras")

    def train(hidden, rounds):
        layers = [keras.layers.Dense(hidden, activation="relu"), keras.layers.Dense(_CLASSES)]
        model = keras.Sequential([keras.Input([_FEATURES]), *layers])
        model.compile(
            optimizer=keras.optimizers.Adam(_RATE),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            **({"jit_compile": False} if variant == "graph" else {}),
        )
        x, y = _arrays()

        def epoch():
            begin = time.monotonic()
            model.fit(x, y, batch_size=_BATCH, verbose=0)
            return (time.monotonic() - begin) * _BATCH / len(x)

        epoch()
        return [epoch() for _ in range(rounds)]

    return train


def _pytorch(variant="", *, root):
    del root
    torch = command_line.needs("torch")
    nn = torch.nn

    def train(hidden, rounds):
        model = nn.Sequential(nn.Linear(_FEATURES, hidden), nn.ReLU(), nn.Linear(hidden, _CLASSES))
        optimizer = torch.optim.Adam(model.parameters(), lr=_RATE, fused=bool(variant))
        x, y = map(torch.from_numpy, _arrays())
        batches = list(zip(x.split(_BATCH), y.long().split(_BATCH), strict=True))

        def epoch():
            begin = time.monotonic()
            for batch, labels in batches:
                optimizer.zero_grad(set_to_none=True)
                nn.functional.cross_entropy(model(batch), labels).backward()
                optimizer.step()
            return (time.monotonic() - begin) / len(batches)

        epoch()
        return [epoch() for _ in range(rounds)]

    return train


def _arrays():
    import numpy as np

    random = np.random.default_rng(0)
    x = random.normal(size=(_EXAMPLES, _FEATURES)).astype(np.float32)
    return x, random.integers(0, _CLASSES, _EXAMPLES).astype(np.int32)


def _resident(name):
    """Bytes of resident memory: VmRSS, now, or VmHWM, the peak."""
    lines = _STATUS.read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(name)).split()[1])


def _sizes(text):
    return [command_line.above_zero(int)(size) for size in text.split(",")]


if __name__ == "__main__":
    main()

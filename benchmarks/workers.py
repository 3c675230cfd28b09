"""What several workers cost: N of them on one core each, against one process on N cores.

    python benchmarks/workers.py --workers=2 --model_arg=hidden=1024

Both train the same steps in turn, on this machine. A line of JSON each: the median milliseconds a
step, and for the workers the bytes that a step sends through the loopback device, beside those of
theory, 2(N - 1) times the gradient's (a ring's all-reduce sends 2(N - 1) / N from each of N).
Nothing else should use the loopback device meanwhile.
"""

import contextlib
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import command_line

_ROOT = pathlib.Path(__file__).resolve().parents[1]
_SENT = pathlib.Path("/sys/class/net/lo/statistics/tx_bytes")
_BYTES = 4  # of a gradient's element


def main():
    parser = command_line.Parser(__doc__)
    parser.add_argument("--workers", type=command_line.above_zero(int), default=2)
    parser.add_argument("--rounds", type=command_line.above_zero(int), default=3)
    parser.add_argument("--steps", type=command_line.above_zero(int), default=300)
    parser.add_argument("--dataset", default="synthetic:784:10:20000")
    parser.add_argument("--model", default="mlp")
    parser.add_argument("--model_arg", action="append", default=[])
    parser.add_argument("--batch_size", type=command_line.above_zero(int), default=256)
    parser.add_argument("--xla", default="update")
    flags = parser.parse_args()
    times = {"one process": [], "workers": []}
    sent = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(flags.rounds):
            path = pathlib.Path(folder, str(number))
            times["one process"].append(_run(flags, path / "one", 1, flags.steps)["step_ms"])
            before = _sent()
            _run(flags, path / "short", flags.workers, flags.steps // 3)
            between = _sent()
            summary = _run(flags, path / "workers", flags.workers, flags.steps)
            times["workers"].append(summary["step_ms"])
            # What start and end send is in both runs.
            extra = (_sent() - between) - (between - before)
            sent.append(extra / (flags.steps - flags.steps // 3))
            weights = summary["parameters"]
    one, several = (statistics.median(values) for values in times.values())
    print(json.dumps({"variant": "one process", "cores": flags.workers, "step_ms": one}))
    theory = 2 * (flags.workers - 1) * weights * _BYTES
    print(
        json.dumps(
            {
                "variant": f"{flags.workers} workers",
                "step_ms": several,
                "ratio": round(several / one, 3),
                "parameters": weights,
                "bytes_a_step": round(statistics.median(sent)),
                "bytes_of_theory": theory,
            }
        )
    )


def _run(flags, folder, workers, steps):
    """The summary of a run of so many workers, with the number of its parameters."""
    folder.mkdir(parents=True)
    command = [
        sys.executable, str(_ROOT / "main.py"), "--model_dir=run", f"--steps={steps}",
        f"--dataset={flags.dataset}", f"--model={flags.model}", f"--batch_size={flags.batch_size}",
        f"--xla={flags.xla}", "--precision=float32", "--optimizer=adam", "--learning_rate=0.001",
        "--export=none", "--augment=none", "--early_stopping=0", "--evaluate_every=100%",
        "--checkpoint_every=100%", "--writers=jsonl", "--export_weights=last",
        *(f"--model_arg={text}" for text in flags.model_arg),
    ]  # fmt: skip
    addresses = _free_addresses(workers) if workers > 1 else []
    own = [[f"--workers={','.join(addresses)}", f"--worker={i}"] for i in range(len(addresses))]
    processes = [
        subprocess.Popen(
            [*command, *more], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True, preexec_fn=_pin(core, flags.workers if workers == 1 else 1),
        )
        for core, more in enumerate(own or [[]])
    ]  # fmt: skip
    for process in processes:
        _, log = process.communicate()
        if process.returncode:
            sys.exit(f"benchmarks/workers.py: {log}")
    return json.loads((folder / "run" / "summary.json").read_text())


def _free_addresses(count):
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [f"127.0.0.1:{probe.getsockname()[1]}" for probe in probes]


def _pin(first, count):
    """What keeps a new process on `count` cores from `first` on."""
    cores = sorted(os.sched_getaffinity(0))
    return lambda: os.sched_setaffinity(0, {cores[(first + i) % len(cores)] for i in range(count)})


def _sent():
    return int(_SENT.read_text())


if __name__ == "__main__":
    main()

"""Runs tfapp and each peer in turn, each in its own process, and prints medians and ratios.

    pip install . -r benchmarks/requirements.txt
    python benchmarks/compare.py --data=FOLDER_OF_FASHION_MNIST --output=results.json

Run it on an idle machine. Results are added to an existing file, so that it can be run in parts:
--only=mlp-32,cnn-128. --against=DIR compares with another checkout of tfapp instead of the peers.
"""

import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile

import command_line
import workloads

ROOT = pathlib.Path(__file__).resolve().parents[1]
PEERS = {
    "keras default": ("keras_fit.py", "default"),
    "keras graph": ("keras_fit.py", "graph"),
    "keras jit": ("keras_fit.py", "jit"),
    "pytorch eager": ("pytorch.py", "eager"),
    "pytorch compiled": ("pytorch.py", "compiled"),
    "pytorch graphs": ("pytorch.py", "graphs"),
    "jax scan": ("jax_scan.py", "scan"),
}
# What the peers do: the recipe of the data would have more.
_PLAIN_ADAM = ("--optimizer=adam", "--weight_decay=0", "--clip_norm=0", "--label_smoothing=0")
GPU_WORKLOADS = {"resnet50": ("ResNet50", 128), "vits16": ("ViTS16", 128)}
_KERAS = ("mlp", "cnn", "resnet20")  # networks that the scripts of Keras build
_ONLY = {  # peer -> the models that it builds, where these are not all
    "jax scan": ("mlp",),
    **dict.fromkeys(("keras default", "keras graph", "keras jit"), _KERAS),
}
# Columns of the table, each the fastest of its members.
GROUPS = {
    "Keras fit": ("keras default",),
    "Keras best": ("keras default", "keras graph", "keras jit"),
    "PyTorch best": ("pytorch eager", "pytorch compiled", "pytorch graphs"),
    "JAX scan": ("jax scan",),
    "other checkout": ("other checkout",),
}


def main():
    flags = _arguments().parse_args()
    results = _read(flags.output)
    with tempfile.TemporaryDirectory() as folder:
        for name in flags.only:
            arrays = workloads.write_arrays(name, flags.data, folder)
            for precision in workloads.WORKLOADS[name].precisions:
                if flags.precision not in ("", precision):
                    continue
                if reason := workloads.lacking(precision):
                    print(f"{name} {precision}: skipped: {reason}", file=sys.stderr)
                    continue
                rates = _compare(name, precision, arrays, flags.rounds, folder, flags.against)
                results["rows"][f"{name} {precision}"] = rates
                pathlib.Path(flags.output).write_text(json.dumps(results, indent=1))
        everything = flags.only == list(workloads.WORKLOADS)
        if everything and not flags.against and workloads.has_gpu():
            for name in GPU_WORKLOADS:
                results["rows"][f"{name} bfloat16"] = _compare_on_gpu(name, flags.rounds, folder)
                pathlib.Path(flags.output).write_text(json.dumps(results, indent=1))
    print(table(results["rows"]))


def _arguments():
    parser = command_line.Parser(__doc__)
    parser.add_argument(
        "--data", type=command_line.folder,
        help="folder of Fashion-MNIST's .gz files; default: random images",
    )  # fmt: skip
    parser.add_argument("--rounds", type=command_line.above_zero(int), default=3)
    parser.add_argument(
        "--only", type=command_line.names_of(workloads.WORKLOADS), default="",
        help="comma-separated workloads",
    )  # fmt: skip
    parser.add_argument(
        "--precision", choices=("float32", "bfloat16"), default="", help="both by default"
    )
    parser.add_argument("--output", type=command_line.new_file, default="benchmark-results.json")
    parser.add_argument(
        "--against", type=command_line.checkout,
        help="folder of another checkout; only it is compared with",
    )  # fmt: skip
    return parser


def table(rows):
    """Median examples per second, and how many times faster tfapp is."""
    lines = [f"{'':<24}{'tfapp':>10}" + "".join(f"{group:>20}" for group in GROUPS)]
    for name, rates in rows.items():
        ours = statistics.median(rates["tfapp"])
        cells = []
        for members in GROUPS.values():
            found = [statistics.median(rates[m]) for m in members if rates.get(m)]
            best = max(found, default=None)
            cells.append(f"{best:,.0f} ({ours / best:.2f}x)" if best else "-")
        lines.append(f"{name:<24}{ours:>10,.0f}" + "".join(f"{cell:>20}" for cell in cells))
    return "\n".join(lines)


def _compare(name, precision, arrays, rounds, folder, against):
    """Rates by runner, one per round; the runners take turns."""
    rates = {"tfapp": [], "other checkout": [], **{peer: [] for peer in PEERS}}
    left_out = {
        peer for peer, models in _ONLY.items() if workloads.WORKLOADS[name].model not in models
    }
    for _ in range(rounds):
        rates["tfapp"].append(_run_tfapp(ROOT, name, precision, arrays, folder))
        if against:
            rates["other checkout"].append(_run_tfapp(against, name, precision, arrays, folder))
            continue
        for peer, (script, variant) in PEERS.items():
            if peer in left_out:
                continue
            rate = _run_peer(script, variant, name, precision, arrays)
            if rate is None:
                left_out.add(peer)
            else:
                rates[peer].append(rate)
    return {peer: values for peer, values in rates.items() if values}


def _compare_on_gpu(name, rounds, folder):
    """ResNet-50 or ViT-S/16 on synthetic images, against compiled PyTorch."""
    model, batch_size = GPU_WORKLOADS[name]
    ours = [
        ROOT / "main.py", "--mode=benchmark", "--json", f"--model=benchmarks.networks:{model}",
        "--dataset=synthetic:224x224x3:1000:2048", f"--batch_size={batch_size}",
        "--precision=bfloat16", "--require_gpu", "--augment=",
    ]  # fmt: skip
    script = ROOT / "benchmarks" / "peers" / "pytorch_gpu.py"
    theirs = [script, f"--workload={name}", f"--batch_size={batch_size}"]
    rates = {"tfapp": [], "pytorch compiled": []}
    for _ in range(rounds):
        rates["tfapp"].append(_rate("tfapp", ours, {"XDG_CACHE_HOME": f"{folder}/cache"}))
        rate = _rate("pytorch compiled", theirs, {})
        if rate is None:
            break
        rates["pytorch compiled"].append(rate)
    return {peer: values for peer, values in rates.items() if values}


def _run_tfapp(checkout, name, precision, arrays, folder):
    checkout = pathlib.Path(checkout).resolve()
    workload = workloads.WORKLOADS[name]
    command = [
        checkout / "main.py", "--mode=benchmark", "--json", *workloads.dataset(name, arrays),
        f"--model={workload.model}", *(f"--model_arg={a}" for a in workload.arguments),
        f"--batch_size={workload.batch_size}", f"--precision={precision}", "--augment=",
        f"--learning_rate={workloads.LEARNING_RATE}", *_PLAIN_ADAM,
    ]  # fmt: skip
    cache = f"{folder}/cache-{checkout.name}"
    return _rate(f"tfapp in {checkout.name}", command, {"XDG_CACHE_HOME": cache})


def _run_peer(script, variant, name, precision, arrays):
    command = [
        ROOT / "benchmarks" / "peers" / script, f"--workload={name}", f"--variant={variant}",
        f"--precision={precision}", f"--arrays={arrays}",
    ]  # fmt: skip
    return _rate(f"{script} {variant}", command, {})


def _rate(label, command, environment):
    """Examples per second of a script; None if it cannot run here, which is printed."""
    done = subprocess.run(
        [sys.executable, *map(str, command)],
        env={**os.environ, **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if done.returncode == command_line.SKIPPED:
        print(f"  {label:<24}  {done.stderr.splitlines()[-1]}", file=sys.stderr, flush=True)
        return None
    if done.returncode:
        sys.exit(f"{label} failed:\n{done.stderr[-2000:]}")
    rate = json.loads(done.stdout.splitlines()[-1])["examples_per_second"]
    print(f"  {label:<24}{rate:>12,.0f} examples/s", file=sys.stderr, flush=True)
    return rate


def _read(path):
    try:
        return json.loads(pathlib.Path(path).read_text())
    except FileNotFoundError:
        return {"machine": _machine(), "rows": {}}
    except ValueError:
        sys.exit(f"--output={path}: is not a file of results; name another")


def _machine():
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": next(iter(models), platform.processor()),
        "cores": os.cpu_count(),
        "system": platform.platform(),
    }


if __name__ == "__main__":
    main()

"""Reports about TensorFlow: `describe` in this process, `measure` in a separate one.

A separate process, because importing TensorFlow can kill it: by an incompatible library, or by an
instruction that the processor lacks. The report is then the last line that it wrote.
"""

import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import time

from tfapp.diagnosis.facts import Device, Product, TensorFlowReport

_SIZE = {"CPU": 1024, "GPU": 8192}  # of the square matrices whose product is timed
_ROUNDS = 9  # in each of which every dtype is timed once
_ROUND_SECONDS = 0.05  # of one dtype in one round, at least
_SECONDS = 4.0  # for all rounds, if there were at least a few
_FEW = 3
_LIMIT = 180  # seconds for everything
_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
# Another process may be training on the GPUs: allocate only the memory that is needed.
_QUIET = {_LEVEL: "2", "TF_FORCE_GPU_ALLOW_GROWTH": "true"}


def describe():
    """TensorFlow's build and devices, without computing anything."""
    import tensorflow as tf

    build = tf.sysconfig.get_build_info()
    return TensorFlowReport(
        is_cuda_build=bool(build.get("is_cuda_build")),
        cuda_version=str(build.get("cuda_version", "")),
        cudnn_version=str(build.get("cudnn_version", "")),
        compute_capabilities=tuple(build.get("cuda_compute_capabilities", ())),
        devices=tuple(_device(tf, device) for device in tf.config.list_physical_devices()),
    )


def measure(python=sys.executable, limit=_LIMIT):
    """`describe`, XLA and the speed of matrix products, measured in a separate process.

    Returns:
      A `TensorFlowReport`, with `error` set if TensorFlow cannot be imported.
    """
    root = str(pathlib.Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    try:
        done = subprocess.run(
            [python, "-m", __name__],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=limit,
            # This process is silent by now; that one's errors are its last words.
            env={**_QUIET, **os.environ, _LEVEL: _QUIET[_LEVEL], "PYTHONPATH": path},
            check=False,
        )
    except subprocess.TimeoutExpired:
        return TensorFlowReport(error=f"did not answer within {limit} s")
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        return TensorFlowReport(error=_last_words(done))
    return _from_json(lines[-1])


def _last_words(done):
    if done.returncode < 0:
        return f"the process was ended by signal {-done.returncode} (4: a missing instruction)"
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return lines[-1].strip()[:300] if lines else f"ended with {done.returncode}"


def _from_json(text):
    values = json.loads(text)
    values["devices"] = tuple(Device(**device) for device in values["devices"])
    values["products"] = tuple(
        Product(product["dtype"], tuple(product["rates"])) for product in values["products"]
    )
    values["compute_capabilities"] = tuple(values["compute_capabilities"])
    return TensorFlowReport(**values)


def _device(tf, device):
    details = tf.config.experimental.get_device_details(device)
    capability = details.get("compute_capability", ())
    return Device(
        kind=device.device_type,
        name=details.get("device_name", device.name.removeprefix("/physical_device:")),
        compute_capability=".".join(map(str, capability)),
    )


def _measured():
    """The report about this process, which has not imported TensorFlow yet."""
    started = time.monotonic()
    import tensorflow as tf

    seconds = time.monotonic() - started
    report = dataclasses.replace(describe(), import_seconds=round(seconds, 2))
    gpus = tf.config.list_logical_devices("GPU")
    kind = "GPU" if gpus else "CPU"
    xla_seconds, xla_error = _try_xla(tf, kind)
    return dataclasses.replace(
        report,
        devices=tuple(_with_memory(tf, report.devices)),
        xla_seconds=xla_seconds,
        xla_error=xla_error,
        products=tuple(_products(tf, kind)),
        reduction_error=_try_reduction(tf, [d.name for d in gpus]) if len(gpus) > 1 else "",
    )


def _with_memory(tf, devices):
    """The devices, GPUs with the memory that TensorFlow may use."""
    from tensorflow.python.client import device_lib  # nothing else gives a GPU's memory

    limits = [d.memory_limit for d in device_lib.list_local_devices() if d.device_type == "GPU"]
    for device in devices:
        known = device.kind == "GPU" and limits
        yield dataclasses.replace(device, memory_bytes=limits.pop(0)) if known else device


def _try_xla(tf, kind):
    """(seconds, error) of compiling and running a small product."""
    started = time.monotonic()
    try:
        with tf.device(f"/{kind}:0"):
            tf.function(lambda x: tf.nn.relu(x @ x), jit_compile=True)(tf.ones([64, 64])).numpy()
    except Exception as error:  # any error is the finding
        return 0.0, f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    return round(time.monotonic() - started, 3), ""


def _products(tf, kind):
    """A `Product` for each type: large matrix products, by the kernels outside XLA."""
    size, calls = _SIZE[kind], {}
    with tf.device(f"/{kind}:0"):
        x = tf.random.normal([size, size])
        for dtype in ("float32", "bfloat16", "float16")[: 3 if kind == "GPU" else 2]:
            multiply, shorter = tf.function(lambda x: x @ x), tf.cast(x, dtype)
            calls[dtype] = lambda m=multiply, x=shorter: m(x)[0, 0].numpy()
        rounds = in_turns(calls)
    return [
        Product(dtype, tuple(round(2 * size**3 / seconds) for seconds in rounds[dtype]))
        for dtype in calls
    ]


def in_turns(calls, clock=time.monotonic):
    """Times functions that take turns, so that what else the machine does meets all of them.

    Args:
      calls: name -> function without arguments.
      clock: seconds; injected by tests.

    Returns:
      name -> seconds of a call in each round; the first call of each, which traces, does not count.
    """
    for call in calls.values():
        call()
    rounds, ends = {name: [] for name in calls}, clock() + _SECONDS
    for number in range(_ROUNDS):
        if number >= _FEW and clock() > ends:
            break
        for name, call in calls.items():
            began, count = clock(), 0
            while not count or clock() - began < _ROUND_SECONDS:
                call()
                count += 1
            rounds[name].append((clock() - began) / count)
    return rounds


def _try_reduction(tf, names, make_strategy=None):
    """The error of a sum over the devices `names`, as in training (NCCL on GPUs), or ""."""
    try:
        strategy = (make_strategy or tf.distribute.MirroredStrategy)(names)
        total = tf.function(lambda: strategy.run(_sum_of_ones, args=(tf,)))()
        totals = [part.numpy()[0] for part in strategy.experimental_local_results(total)]
    except Exception as error:  # any error is the finding
        return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    correct = totals == [len(names)] * len(names)
    return "" if correct else f"a sum of ones over {len(names)} GPUs is {totals}"


def _sum_of_ones(tf):
    return tf.distribute.get_replica_context().all_reduce("SUM", tf.ones([8]))


if __name__ == "__main__":
    answer = json.dumps(dataclasses.asdict(_measured()))
    sys.stdout.write(f"\n{answer}\n")

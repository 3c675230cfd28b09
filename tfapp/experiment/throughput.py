"""What --mode=benchmark measures: the run's own loop on its own data, and the device's peak."""

import resource
import statistics
import time

import tensorflow as tf

from tfapp.data.splits.split_names import TRAIN
from tfapp.spec import EXAMPLE_SEED
from tfapp.training import groups
from tfapp.training.flops import count_flops

_WINDOWS = 5  # the median is reported
_WINDOW_SECONDS = 1.0
_PEAK_SECONDS = 0.3  # of products per trial; the fastest of three trials is reported
_PEAK_SIZE = {"CPU": 2048, "GPU": 8192}  # rows and columns of the product


def measure(experiment, device_type):
    """Runs steps for a few seconds.

    Returns:
      a dict that can be written as JSON. Times are medians of windows of about a second;
      flops_per_step and what is derived from it are None if shapes are not static.
    """
    run_loop = experiment.run_loop
    experiment.engine.restart(0)
    begin = time.monotonic()
    run_loop(0, 1)
    first = time.monotonic() - begin
    windows = _windows(run_loop)
    step_seconds = statistics.median(seconds for seconds, _ in windows)
    flops = flops_per_step(experiment)
    parts = experiment.batches.parts
    peak = peak_flops(experiment.choice.precision, device_type, parts=parts)
    rate = flops / step_seconds if flops else None
    return {
        "examples_per_second": round(experiment.batches.batch_size / step_seconds, 1),
        "step_ms": round(1000 * step_seconds, 4),
        "step_ms_best": round(1000 * min(seconds for seconds, _ in windows), 4),
        "input_wait": round(statistics.median(wait for _, wait in windows), 4),
        "first_step_seconds": round(first, 3),
        "peak_memory_bytes": _peak_memory(device_type),
        "flops_per_step": flops,
        "flops_per_second": rate,
        "device_peak_flops_per_second": peak,
        "fraction_of_peak": rate and round(rate / (peak * experiment.batches.num_replicas), 4),
    }


def flops_per_step(experiment):
    """Floating-point operations of a step over all replicas; None if they cannot be counted."""
    batch, steps = experiment.batches.batch_size, experiment.steps
    rows = experiment.data.source.splits[TRAIN].fetch(tf.range(1, dtype=tf.int64))
    specs = {k: tf.TensorSpec((batch, *v.shape[1:]), v.dtype) for k, v in rows.items()}
    if steps.augment is not None:
        specs[EXAMPLE_SEED] = tf.TensorSpec((batch,), tf.int64)
    values = tf.nest.map_structure(
        lambda v: tf.TensorSpec(v.shape, v.dtype), experiment.state.read()
    )
    functions = steps.functions(experiment.state, accumulate=1)

    def gradients(values, rows):
        return functions.gradients(values, rows, 0).grads

    return count_flops(gradients, groups.for_gradients(values), specs)


def peak_flops(precision, device_type, *, parts=1):
    """Operations per second of large square matrix products in `precision`, measured now.

    `parts`: of a batch, so many of which are computed side by side.
    """
    size = _PEAK_SIZE[device_type]
    each = [
        tf.cast(tf.random.stateless_normal((size, size), (1, i)), precision)
        for i in range(2, 2 + parts)
    ]
    products = tf.function(lambda each: [tf.matmul(a, a) for a in each], autograph=False)
    products(each)
    best = 0.0
    for _ in range(3):
        count, begin = 0, time.monotonic()
        while time.monotonic() - begin < _PEAK_SECONDS:
            for result in products(each):
                result[0, 0].numpy()  # waits for the device
            count += parts
        best = max(best, count * 2 * size**3 / (time.monotonic() - begin))
    return best


def _windows(run_loop):
    """[(seconds per step, share of the time spent waiting for input)], one per window."""
    steps, step = 1, 1
    while True:  # until the steps take long enough to time
        begin = time.monotonic()
        run_loop(step, steps)
        seconds = time.monotonic() - begin
        step += steps
        if seconds >= _WINDOW_SECONDS / 4:
            break
        steps *= 4
    steps = max(1, round(steps * _WINDOW_SECONDS / seconds))
    windows = []
    for _ in range(_WINDOWS):
        begin = time.monotonic()
        result = run_loop(step, steps)
        seconds = time.monotonic() - begin
        step += steps
        windows.append((seconds / steps, result.sums["input_wait"] / seconds))
    return windows


def _peak_memory(device_type):
    if device_type == "GPU":
        return tf.config.experimental.get_memory_info("GPU:0")["peak"]
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

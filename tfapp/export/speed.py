"""How long a runtime takes on this machine, and how large its files are."""

import gc
import gzip
import time

import numpy as np

_WARM_UP = 10  # calls
_CALLS = 300  # of one example, so that a 99th percentile means something
_SECONDS = 2.0  # at most, for each measurement
_LEAST_CALLS = 20
_BATCH = 32


def latency(call):
    """{"median_ms", "p99_ms"} of `call`, which takes nothing, once it is warm."""
    times = 1e3 * np.array(_timed(call, _CALLS))
    return {"median_ms": float(np.median(times)), "p99_ms": float(np.quantile(times, 0.99))}


def throughput(call):
    """Examples a second of `call`, which works on `BATCH` of them: the median of many calls."""
    return _BATCH / float(np.median(_timed(call, _CALLS)))


def speeds(call_with, arguments_of):
    """Latency at batch 1 and throughput at batch 32.

    Args:
      call_with: runs the model on what `arguments_of` gives.
      arguments_of: number of examples -> what the model takes for them.
    """
    one, many = arguments_of(1), arguments_of(_BATCH)
    found = latency(lambda: call_with(one))
    return {**found, f"examples_per_second_at_{_BATCH}": throughput(lambda: call_with(many))}


def sizes(folder):
    """{"bytes", "gzip_bytes"} of all files below `folder`, each compressed by itself."""
    contents = [path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()]
    return {
        "bytes": sum(map(len, contents)),
        "gzip_bytes": sum(len(gzip.compress(content, mtime=0)) for content in contents),
    }


def _timed(call, most):
    """Seconds of each of up to `most` calls."""
    for _ in range(_WARM_UP):
        call()
    enabled = gc.isenabled()
    gc.disable()
    try:
        times, begin = [], time.perf_counter()
        while len(times) < most:
            start = time.perf_counter()
            call()
            end = time.perf_counter()
            times.append(end - start)
            if end - begin > _SECONDS and len(times) >= _LEAST_CALLS:
                break
        return times
    finally:
        if enabled:
            gc.enable()

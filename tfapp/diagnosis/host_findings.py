"""Problems of processor, memory and folders that make training slow or fail."""

from tfapp.diagnosis.finding import ERROR, NOTE, WARNING, Finding
from tfapp.flag_values import whole_number

_LEAST_MEMORY = 2 << 30  # bytes: TensorFlow and the embedded data take about 1 GiB
_LEAST_FREE = 1 << 30  # bytes: a few checkpoints and an export of a large model
_THREADS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")


def find(facts):
    """A list of `Finding`."""
    return [*_processor(facts), *_threads(facts), *_memory(facts.host), *_folders(facts)]


def _processor(facts):
    flags = facts.host.processor_flags
    if flags and "avx2" not in flags and "asimd" not in flags:
        fix = "use another machine, or let the virtual machine pass on the processor's features"
        yield Finding(WARNING, "the processor has no AVX2: training on it is slow", fix)
    if facts.variable("TF_ENABLE_ONEDNN_OPTS") == "0":
        what = "TF_ENABLE_ONEDNN_OPTS=0 turns the processor's fast kernels off"
        yield Finding(WARNING, what, "unset TF_ENABLE_ONEDNN_OPTS")


def _threads(facts):
    host = facts.host
    usable = min(host.cores, host.core_limit or host.cores)
    for name in _THREADS:
        value = whole_number(facts.variable(name) or "")
        if value and value < int(usable):
            what = f"{name}={value} uses only part of the {int(usable)} cores"
            yield Finding(WARNING, what, f"unset {name}")
    if 0 < host.core_limit < host.cores and not facts.variable("TF_NUM_INTRAOP_THREADS"):
        who = "the container" if host.container else "this process"
        what = (
            f"{who} may use {host.core_limit:g} of {host.cores} cores, but TensorFlow "
            f"starts {host.cores} threads, which wait for one another"
        )
        number = max(1, int(host.core_limit))
        limit = "--cpus" if host.container else "the limit of its control group"
        fix = f"raise {limit}, or set TF_NUM_INTRAOP_THREADS={number}"
        yield Finding(WARNING, what, fix)


def _memory(host):
    size = min(host.memory_limit or host.memory_bytes, host.memory_available)
    if 0 < size < _LEAST_MEMORY:
        what = f"{size / 2**30:.1f} GiB of memory available"
        fix = "end other programs"
        if host.memory_limit:
            limit = "container's --memory" if host.container else "limit of its control group"
            fix = f"raise the {limit}"
        yield Finding(WARNING, what, f"{fix}, or lower --batch_size")


def _folders(facts):
    remedies = {
        "runs": (ERROR, "name another --model_dir"),
        "TFDS": (ERROR, "name another --data_dir, or set TFDS_DATA_DIR"),
        "temporary files": (ERROR, "set TMPDIR"),
        "cache": (NOTE, "set XDG_CACHE_HOME: compiled programs and measured choices are lost"),
    }
    for folder in facts.folders:
        level, remedy = remedies[folder.purpose]
        where = f"{folder.path} ({folder.purpose})"
        if not folder.writable:
            yield Finding(level, f"{where} cannot be written", remedy)
        elif folder.purpose != "cache" and folder.free_bytes < _LEAST_FREE:
            what = f"{where}: {folder.free_bytes / 2**20:,.0f} MiB free, the disk is nearly full"
            yield Finding(WARNING, what, f"make room, or {remedy}")

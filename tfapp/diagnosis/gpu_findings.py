"""Why TensorFlow sees no GPU, root cause first, and what is wrong with the GPUs it sees."""

from tfapp.diagnosis import driver_findings
from tfapp.diagnosis.finding import ERROR, NOTE, WARNING, Finding

_LEAST_SHM = 1 << 30  # bytes that NCCL's buffers for several GPUs may need
_WITH_CUDA = "pip install 'tensorflow[and-cuda]'"


def why_no_gpu(facts):
    """`Finding`s, root cause first; empty if TensorFlow sees GPUs or cannot be imported."""
    if facts.gpus or facts.tensorflow.error:
        return []
    if _hidden(facts):
        return [_hidden(facts)]
    if not facts.host.gpu_files and not facts.driver_library.version:
        return _not_there(facts)
    found = [*_without_cuda(facts), *driver_findings.find(facts), *_libraries(facts)]
    return found or [
        Finding(
            ERROR,
            "the driver and all libraries load, but TensorFlow sees no GPU",
            "read what TF_CPP_MIN_LOG_LEVEL=0 python -c 'import tensorflow as tf; "
            "tf.config.list_physical_devices()' writes, and nvidia-smi",
        )
    ]


def is_expected(facts):
    """Whether there may be a GPU: in a container, one of the machine's may not be visible."""
    host = facts.host
    return bool(host.gpu_files or host.pci_gpus or host.driver or host.container)


def find(facts):
    """What is wrong with the GPUs that TensorFlow sees, as a list of `Finding`."""
    found = [f for gpu in facts.gpus for f in _capability(gpu, facts.tensorflow)]
    if facts.gpus:
        found += _libraries(facts)
    if facts.tensorflow.reduction_error:
        what = f"NCCL cannot add over all GPUs: {facts.tensorflow.reduction_error}"
        found.append(Finding(ERROR, what, "look at the log of NCCL_DEBUG=INFO; enlarge /dev/shm"))
    return [*found, *_shared_memory(facts)]


def _hidden(facts):
    for name, hiding in (
        ("CUDA_VISIBLE_DEVICES", ("", "-1", "none", "void", "NoDevFiles")),
        ("NVIDIA_VISIBLE_DEVICES", ("none", "void")),
    ):
        value = facts.variable(name)
        if value is not None and value.strip().split(",")[0] in hiding:
            return Finding(ERROR, f"{name}={value!r} hides every GPU", f"unset {name}")
    return None


def _not_there(facts):
    """No GPU is accessible: there is none, the container was given none, or there is no driver."""
    host = facts.host
    give = "docker run --gpus all (podman run --device nvidia.com/gpu=all)"
    if host.container and (host.pci_gpus or host.driver):
        what = "the machine has a GPU, but no GPU was given to this container"
        return [Finding(ERROR, what, f"start it with {give}")]
    if host.container:
        what = "no GPU was given to this container"
        return [Finding(NOTE, what, f"if the machine has one: {give}")]
    if host.pci_gpus:
        what = f"{host.pci_gpus} NVIDIA GPU(s) on the bus, but no driver is loaded"
        oldest = driver_findings.oldest(facts)
        fix = f"install NVIDIA's driver, {oldest}or later, until nvidia-smi lists the GPU"
        return [Finding(ERROR, what, fix), *_without_cuda(facts), *_libraries(facts)]
    return [Finding(NOTE, "no NVIDIA GPU on this machine", "training uses the CPU")]


def _without_cuda(facts):
    if facts.tensorflow.is_cuda_build:
        return
    names = [p.name for p in facts.packages if p.name.startswith("tensorflow-cpu")]
    what = f"this TensorFlow is built without CUDA{''.join(f' ({name})' for name in names)}"
    yield Finding(ERROR, what, f"pip uninstall {names[0] if names else 'tensorflow'}, {_WITH_CUDA}")


def _libraries(facts):
    fix = _WITH_CUDA
    if facts.host.container:
        fix = "build the image with --build-arg TENSORFLOW=and-cuda"
    for library in facts.libraries:
        # NCCL is needed, and loaded, only for several GPUs.
        if library.error and (not library.name.startswith("libnccl.") or _gpu_count(facts) > 1):
            yield Finding(ERROR, f"{library.name} cannot be loaded: {library.error}", fix)


def _capability(gpu, report):
    """Checks that TensorFlow has machine code for `gpu`."""
    known = sorted(int(name.rpartition("_")[2]) for name in report.compute_capabilities)
    if not (gpu.compute_capability and known):
        return
    major, _, minor = gpu.compute_capability.partition(".")
    capability = int(major) * 10 + int(minor or 0)
    what = f"{gpu.name} has compute capability {gpu.compute_capability}"
    if capability < known[0]:
        fix = "use an older TensorFlow, or train on the CPU with CUDA_VISIBLE_DEVICES=-1"
        yield Finding(ERROR, f"{what}, below all that TensorFlow is built for", fix)
    elif capability // 10 > known[-1] // 10:
        fix = "let the first start take some minutes; set CUDA_CACHE_MAXSIZE=4294967296"
        yield Finding(WARNING, f"{what}: TensorFlow compiles its kernels at the first start", fix)


def _shared_memory(facts):
    size = facts.host.shm_bytes
    if _gpu_count(facts) > 1 and 0 < size < _LEAST_SHM:
        what = f"/dev/shm has {size / 2**20:,.0f} MiB, too little for NCCL between GPUs"
        yield Finding(WARNING, what, "docker run --shm-size=1g (or --ipc=host)")


def _gpu_count(facts):
    return max(len(facts.gpus), facts.host.gpu_files)

"""The facts of a machine that decide whether and how fast it trains."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Library:
    """A shared library that TensorFlow opens when it looks for GPUs."""

    name: str  # as the loader is asked for it: libcudnn.so.9
    error: str = ""  # why it cannot be loaded; empty: it can
    version: str = ""  # as it says itself; empty: it does not say


@dataclasses.dataclass(frozen=True)
class Device:
    """A device that TensorFlow computes on."""

    kind: str  # CPU or GPU
    name: str
    compute_capability: str = ""  # of a GPU: 9.0
    memory_bytes: int = 0  # of a GPU; 0: not known


@dataclasses.dataclass(frozen=True)
class TensorFlowReport:
    """What TensorFlow says of itself. Empty texts and lists: it does not say, or was not asked."""

    error: str = ""  # why it cannot be imported; empty: it can
    import_seconds: float = 0.0
    is_cuda_build: bool = False
    cuda_version: str = ""  # it was built with
    cudnn_version: str = ""
    compute_capabilities: tuple[str, ...] = ()  # sm_80: machine code; compute_90: compiled on use
    devices: tuple[Device, ...] = ()
    xla_seconds: float = 0.0  # to compile and run a product; 0: not tried
    xla_error: str = ""
    products: tuple[tuple[str, float], ...] = ()  # (dtype, FLOP/s of a large product)
    reduction_error: str = ""  # of a sum over all GPUs through NCCL


@dataclasses.dataclass(frozen=True)
class Host:
    """The machine without TensorFlow. Sizes are bytes; 0 is "not known" unless said otherwise."""

    python: str = ""
    container: str = ""  # docker, podman, kubernetes...; empty: none
    processor: str = ""
    processor_flags: tuple[str, ...] = ()  # those of _SPEED_FLAGS that it has
    cores: int = 0  # that this process may run on
    core_limit: float = 0.0  # cores' worth of time a container is allowed; 0: no limit
    memory_bytes: int = 0
    memory_available: int = 0
    memory_limit: int = 0  # of the container; 0: no limit
    shm_bytes: int = 0  # size of /dev/shm
    pci_gpus: int = 0  # NVIDIA display and compute devices on the bus
    gpu_files: int = 0  # /dev/nvidia0, /dev/nvidia1...
    driver: str = ""  # version of NVIDIA's kernel module; empty: not loaded


@dataclasses.dataclass(frozen=True)
class Folder:
    """A folder that a run writes to."""

    purpose: str  # runs, TFDS data, temporary files, cache
    path: str
    writable: bool
    free_bytes: int = 0
    total_bytes: int = 0


@dataclasses.dataclass(frozen=True)
class Package:
    """An installed package, and the versions that tfapp is tested with."""

    name: str
    version: str  # empty: not installed
    tested: str  # a specifier: >=2.21,<2.22; empty: any
    is_tested: bool = True


@dataclasses.dataclass(frozen=True)
class Facts:
    """All that is known of a machine."""

    host: Host
    tensorflow: TensorFlowReport
    packages: tuple[Package, ...] = ()
    libraries: tuple[Library, ...] = ()  # empty for a TensorFlow without CUDA
    driver_library: Library = Library("libcuda.so.1", error="not looked for")
    cuda_error: int = 0  # what cuInit of the driver's library answers; 0: it works, or is not there
    folders: tuple[Folder, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()  # variables that matter and are set

    @property
    def gpus(self):
        """The GPUs that TensorFlow sees."""
        return tuple(device for device in self.tensorflow.devices if device.kind == "GPU")

    def variable(self, name):
        """The environment variable `name`, or None where it is not set."""
        return dict(self.environment).get(name)

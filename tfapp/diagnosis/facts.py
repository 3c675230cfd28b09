"""Facts about a machine that decide whether it can train, and how fast."""

import dataclasses
import statistics


@dataclasses.dataclass(frozen=True)
class Library:
    """A shared library that TensorFlow loads when it looks for GPUs."""

    name: str  # as passed to the loader: libcudnn.so.9
    error: str = ""  # why it cannot be loaded; empty if it can
    version: str = ""  # as the library reports it; empty if it does not


@dataclasses.dataclass(frozen=True)
class Device:
    """A device that TensorFlow computes on."""

    kind: str  # CPU or GPU
    name: str
    compute_capability: str = ""  # of a GPU, such as 9.0
    memory_bytes: int = 0  # of a GPU; 0 if not known


@dataclasses.dataclass(frozen=True)
class Product:
    """The speed of a large matrix product in one type."""

    dtype: str
    rates: tuple[float, ...]  # FLOP/s of each round, in which the types took turns

    @property
    def rate(self):
        """FLOP/s of the median round."""
        return statistics.median(self.rates)


@dataclasses.dataclass(frozen=True)
class TensorFlowReport:
    """What TensorFlow reports about itself. Empty strings and lists: not reported, or not tried."""

    error: str = ""  # why it cannot be imported; empty if it can
    import_seconds: float = 0.0
    is_cuda_build: bool = False
    cuda_version: str = ""  # that it was built with
    cudnn_version: str = ""
    compute_capabilities: tuple[str, ...] = ()  # sm_80: machine code; compute_90: to be compiled
    devices: tuple[Device, ...] = ()
    xla_seconds: float = 0.0  # to compile and run a matrix product; 0: not tried
    xla_error: str = ""
    products: tuple[Product, ...] = ()
    reduction_error: str = ""  # of a sum over all GPUs through NCCL


@dataclasses.dataclass(frozen=True)
class Host:
    """The machine without TensorFlow. Sizes are in bytes; 0 means not known unless noted."""

    python: str = ""
    container: str = ""  # docker, podman, kubernetes...; empty if none
    processor: str = ""
    processor_flags: tuple[str, ...] = ()  # those that speed up training, such as avx2
    cores: int = 0  # that this process may run on
    core_limit: float = 0.0  # processor time a container is allowed, in cores; 0: no limit
    memory_bytes: int = 0
    memory_available: int = 0
    memory_limit: int = 0  # of the container; 0: no limit
    shm_bytes: int = 0  # size of /dev/shm
    pci_gpus: int = 0  # NVIDIA display and compute devices on the bus
    gpu_files: int = 0  # /dev/nvidia0, /dev/nvidia1...
    driver: str = ""  # version of NVIDIA's kernel module; empty if not loaded


@dataclasses.dataclass(frozen=True)
class Neighbour:
    """Another process, and how many cores it keeps busy."""

    name: str
    pid: int
    cores: float


@dataclasses.dataclass(frozen=True)
class Load:
    """What the machine does in addition. 0: nothing, or not known."""

    seconds: float = 0.0  # in which it was looked at; 0: it was not
    average: float = 0.0  # processes that wanted a core, over the last minute
    busy_cores: float = 0.0  # that other processes use, of those this one may use
    neighbours: tuple[Neighbour, ...] = ()  # the busiest ones that are visible
    steal: float = 0.0  # share of the processor time wanted that the hypervisor gave to others
    throttled: float = 0.0  # share of the periods in which the control group was paused
    memory_pressure: float = 0.0  # share of the time in which a process waited for memory
    swap_bytes: float = 0.0  # a second, in either direction


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
    """A required package, and the versions that tfapp is tested with."""

    name: str
    version: str  # empty if not installed
    tested: str  # a specifier such as >=2.21,<2.22; empty for any
    is_tested: bool = True


@dataclasses.dataclass(frozen=True)
class Facts:
    """Everything that is known about a machine."""

    host: Host
    tensorflow: TensorFlowReport
    load: Load = Load()
    packages: tuple[Package, ...] = ()
    libraries: tuple[Library, ...] = ()  # empty for a TensorFlow without CUDA
    driver_library: Library = Library("libcuda.so.1", error="not tried")
    cuda_error: int = 0  # result of the driver's cuInit; 0: it works, or there is no driver
    folders: tuple[Folder, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()  # relevant variables that are set

    @property
    def gpus(self):
        """The GPUs that TensorFlow sees."""
        return tuple(device for device in self.tensorflow.devices if device.kind == "GPU")

    def variable(self, name):
        """The environment variable `name`, or None if it is not set."""
        return dict(self.environment).get(name)

"""Made-up broken machines: each problem is found and has a remedy; healthy machines have none."""

import dataclasses

import pytest

from tests.diagnosis.machines import ABSENT, GIB, HEALTHY, NO_DRIVER, machine, without_gpus
from tfapp.diagnosis import gpu_findings, page, precision
from tfapp.diagnosis.facts import Device, Folder, Library, Load, Neighbour, Package, Product
from tfapp.diagnosis.finding import ERROR, NOTE, WARNING
from tfapp.diagnosis.findings import find

NO_CUDNN = Library("libcudnn.so.9", error=f"libcudnn.so.9: {ABSENT}")
KEPT = tuple(x for x in HEALTHY.libraries if not x.name.startswith("libcudnn"))
OLD_KERAS = Package("keras", "3.11.0", ">=3.15,<4", is_tested=False)
CPU_WHEEL = Package("tensorflow-cpu", "2.21.0", ">=2.21,<2.22")
BROKEN = {
    "no driver": (
        without_gpus(host={"gpu_files": 0, "driver": ""}, driver_library=NO_DRIVER),
        ERROR, "no driver is loaded", "525.60.13 or later",
    ),
    "cuDNN missing": (
        without_gpus(libraries=(*KEPT, NO_CUDNN)),
        ERROR, "libcudnn.so.9 cannot be loaded", "pip install 'tensorflow[and-cuda]'",
    ),
    "driver too old": (
        without_gpus(
            host={"driver": "470.223.02"}, driver_library=Library("libcuda.so.1", version="11.4")
        ),
        ERROR, "driver 470.223.02 is too old: it supports CUDA 11.4", "525.60.13 or later",
    ),
    "CUDA_VISIBLE_DEVICES empty": (
        without_gpus(environment=(("CUDA_VISIBLE_DEVICES", ""),)),
        ERROR, "CUDA_VISIBLE_DEVICES='' hides every GPU", "unset CUDA_VISIBLE_DEVICES",
    ),
    "small /dev/shm": (
        machine(host={"container": "docker", "shm_bytes": 64 << 20}),
        WARNING, "/dev/shm has 64 MiB", "--shm-size=1g",
    ),
    "CPU-only TensorFlow": (
        without_gpus(
            tensorflow={"is_cuda_build": False, "cuda_version": "", "cudnn_version": ""},
            libraries=(), packages=(CPU_WHEEL,),
        ),
        ERROR, "built without CUDA (tensorflow-cpu)", "pip uninstall tensorflow-cpu",
    ),
    "no XLA device": (
        machine(tensorflow={"xla_seconds": 0.0, "xla_error": "NotFoundError: no XLA_GPU_JIT"}),
        ERROR, "XLA does not work: NotFoundError", "--xla=off",
    ),
    "wrong keras": (
        machine(packages=(OLD_KERAS,)),
        WARNING, "keras 3.11.0 is not what tfapp is tested with: >=3.15,<4",
        "pip install 'keras>=3.15,<4'",
    ),
    "TFDS folder not writable": (
        machine(folders=(Folder("TFDS", "/data", False, 9 * GIB, 9 * GIB),)),
        ERROR, "/data (TFDS) cannot be written", "--data_dir",
    ),
    "disk nearly full": (
        machine(folders=(Folder("runs", "runs", True, 200 << 20, 9 * GIB),)),
        WARNING, "runs (runs): 200 MiB free, the disk is nearly full", "make room",
    ),
    "no libdevice for XLA": (
        machine(tensorflow={"xla_error": "InternalError: libdevice not found at ./x.bc"}),
        ERROR, "XLA does not work: InternalError: libdevice", "--xla_gpu_cuda_data_dir",
    ),
    "a driver replaced under a running machine": (
        without_gpus(cuda_error=803),
        ERROR, "cuInit fails with 803: the kernel module and libcuda.so.1", "restart the machine",
    ),
    "a fabric that is not set up": (
        without_gpus(cuda_error=802), ERROR, "cuInit fails with 802", "nvidia-fabricmanager",
    ),
    "an unknown result of cuInit": (
        without_gpus(cuda_error=7), ERROR, "cuInit fails with 7: see CUresult", "nvidia-smi",
    ),
    "CUDA_VISIBLE_DEVICES names a missing GPU": (
        without_gpus(environment=(("CUDA_VISIBLE_DEVICES", "5"),), cuda_error=100),
        ERROR, "CUDA_VISIBLE_DEVICES='5' names no GPU of this machine", "nvidia-smi --list-gpus",
    ),
    "no TensorFlow": (
        without_gpus(tensorflow={"error": "ModuleNotFoundError: No module named 'tensorflow'"},
                     packages=(Package("tensorflow", "", ">=2.21", is_tested=False),)),
        ERROR, "tensorflow is not installed", "pip install 'tensorflow>=2.21'",
    ),
    "a processor without AVX": (
        without_gpus(tensorflow={"error": "the process was ended by signal 4"}),
        ERROR, "TensorFlow cannot be imported", "AVX",
    ),
    "a container without its machine's GPU": (
        without_gpus(host={"container": "docker", "gpu_files": 0}, driver_library=NO_DRIVER),
        ERROR, "the machine has a GPU, but no GPU was given to this container", "--gpus all",
    ),
    "a container with GPUs but no driver library": (
        without_gpus(host={"container": "docker"}, driver_library=NO_DRIVER),
        ERROR, "libcuda.so.1 cannot be loaded", "NVIDIA_DRIVER_CAPABILITIES",
    ),
    "cuDNN missing in a container": (
        without_gpus(host={"container": "docker"}, libraries=(*KEPT, NO_CUDNN)),
        ERROR, "libcudnn.so.9 cannot be loaded", "--build-arg TENSORFLOW=and-cuda",
    ),
    "NCCL": (
        machine(tensorflow={"reduction_error": "InternalError: unhandled system error"}),
        ERROR, "NCCL cannot add over all GPUs", "NCCL_DEBUG=INFO",
    ),
    "an old GPU": (
        machine(tensorflow={"devices": (Device("GPU", "Tesla M40", "5.2"),)}),
        ERROR, "Tesla M40 has compute capability 5.2, below all", "older TensorFlow",
    ),
    "a GPU newer than TensorFlow": (
        machine(tensorflow={"devices": (Device("GPU", "NVIDIA B200", "10.0"),)}),
        WARNING, "compiles its kernels at the first start", "CUDA_CACHE_MAXSIZE",
    ),
    "one thread": (
        machine(environment=(("OMP_NUM_THREADS", "1"),)),
        WARNING, "OMP_NUM_THREADS=1 uses only part of the 16 cores", "unset OMP_NUM_THREADS",
    ),
    "a container's share of the processor": (
        machine(host={"container": "docker", "core_limit": 1.5}),
        WARNING, "may use 1.5 of 16 cores", "TF_NUM_INTRAOP_THREADS=1",
    ),
    "neighbours": (
        machine(load=Load(1.0, 3.0, 6.5, (Neighbour("cc1plus", 17, 1.0), Neighbour("ld", 4, 0.9)))),
        WARNING, "other processes use 6.5 of 16 cores: cc1plus (17) 1.0, ld (4) 0.9", "wait until",
    ),
    "neighbours that cannot be seen": (
        machine(load=Load(1.0, busy_cores=4.0)),
        WARNING, "other processes use 4.0 of 16 cores", "wait until they have ended",
    ),
    "neighbours that pause for a moment": (
        machine(load=Load(1.0, average=40.0)),
        WARNING, "in the last minute 40.0 processes wanted the 16 cores", "wait until",
    ),
    "a hypervisor that gives the processor to others": (
        machine(load=Load(1.0, steal=0.2)),
        WARNING, "the hypervisor gives 20% of the processor time to other", "at a quieter time",
    ),
    "a container that is paused": (
        machine(load=Load(1.0, throttled=0.85), host={"core_limit": 20.0, "container": "docker"}),
        WARNING, "the limit of 20 cores pauses 85% of the time", "raise --cpus, or set TF_NUM_INT",
    ),
    "a service that is paused": (
        machine(load=Load(1.0, throttled=0.5)),
        WARNING, "a limit of processor time pauses 50% of the time", "raise the limit, or set",
    ),
    "a service with a share of the processor": (
        machine(host={"core_limit": 1.5}),
        WARNING, "this process may use 1.5 of 16 cores", "raise the limit of its control group",
    ),
    "a machine that swaps": (
        machine(load=Load(1.0, memory_pressure=0.5, swap_bytes=30 << 20)),
        WARNING, "the machine swaps 30 MiB/s", "end other programs",
    ),
    "memory that others wait for": (
        machine(load=Load(1.0, memory_pressure=0.5)),
        WARNING, "processes wait for memory 50% of the time", "end other programs",
    ),
    "a service with little memory": (
        machine(host={"memory_limit": GIB}),
        WARNING, "1.0 GiB of memory available", "raise the limit of its control group",
    ),
    "little memory": (
        machine(host={"container": "docker", "memory_limit": GIB}),
        WARNING, "1.0 GiB of memory available", "--memory",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_the_root_cause_comes_first_with_its_remedy(name):
    facts, level, what, fix = BROKEN[name]
    first = find(facts)[0]
    assert first.level == level
    assert what in first.what
    assert fix in first.fix


@pytest.mark.parametrize("name", BROKEN)
def test_the_page_of_a_broken_machine(name):
    facts = BROKEN[name][0]
    lines = page.page(facts, find(facts)).splitlines()
    assert lines[0].startswith(BROKEN[name][1])
    assert len(lines) < 60
    assert max(map(len, lines)) <= 100


def test_a_healthy_machine_has_no_problems():
    assert find(HEALTHY) == []
    lines = page.page(HEALTHY, []).splitlines()
    assert lines[0] == "no problems found"
    assert any("bfloat16 multiplies 1.8 times as fast" in line for line in lines)
    assert any("adds over 2 GPUs" in line for line in lines)


def test_a_small_shm_does_not_matter_to_one_gpu():
    one = HEALTHY.tensorflow.devices[:2]
    host = {"shm_bytes": 64 << 20, "gpu_files": 1}
    assert find(machine(host=host, tensorflow={"devices": one})) == []


def test_a_machine_without_gpu_is_not_broken():
    nothing = {"pci_gpus": 0, "gpu_files": 0, "driver": ""}
    facts = without_gpus(host=nothing, driver_library=NO_DRIVER)
    assert [finding.level for finding in find(facts)] == [NOTE]
    assert not gpu_findings.is_expected(facts)


def test_missing_libraries_are_all_named():
    libraries = tuple(dataclasses.replace(x, error=ABSENT) for x in HEALTHY.libraries)
    text = " ".join(finding.what for finding in find(without_gpus(libraries=libraries)))
    assert all(library.name in text for library in libraries)


def test_an_unknown_reason():
    (only,) = gpu_findings.why_no_gpu(without_gpus())
    assert "but TensorFlow sees no GPU" in only.what


@pytest.mark.parametrize("value", ["²", "٣", "many", "0", "9" * 5000])
def test_a_variable_that_is_no_small_number_is_no_finding(value):
    assert find(machine(environment=(("OMP_NUM_THREADS", value),))) == find(machine())


def test_no_machine_outside_of_containers_hears_of_one():
    """Whatever else is the matter with it."""
    for facts, *_ in BROKEN.values():
        if not facts.host.container:
            assert not any("container" in str(finding) for finding in find(facts))


def products(float32, bfloat16):
    return (Product("float32", tuple(float32)), Product("bfloat16", tuple(bfloat16)))


OUTLIERS = [180, 180, 20, 180, 180, 181, 179, 180, 180]


@pytest.mark.parametrize(
    "measured, expected",
    [
        (products([100] * 9, [180] * 9), "bfloat16 multiplies 1.8 times as fast as float32: worth"),
        (products([100] * 9, [101] * 9), "float32: no shorter type multiplies faster here"),
        (products([100] * 9, [12] * 9), "float32: no shorter type multiplies faster here"),
        # A machine that is slow now and then: both are, because they take turns.
        (products([100, 30, 90, 25], [180, 54, 162, 45]), "bfloat16 multiplies 1.8 times as fast"),
        # What disturbs one type in a single round does not decide.
        (products([100] * 9, OUTLIERS), "bfloat16 multiplies 1.8 times"),
        (products([100] * 4, [60, 120, 150, 240]), "too noisy to say: bfloat16 multiplies 1.0 to"),
        (products([100] * 4, [129, 131, 128, 133]), "too noisy to say: bfloat16 multiplies 1.3 to"),
        (products([100], [180]), "bfloat16 multiplies 1.8 times"),
        (products([100] * 3, [180] * 3)[:1], "float32: no other type was measured"),
    ],
)
def test_a_shorter_type_is_worth_a_try_where_that_is_more_than_noise(measured, expected):
    assert precision.verdict(measured).startswith(expected)


def test_without_products_there_is_no_verdict():
    assert precision.verdict(()) == ""

"""Probes, on the files and libraries of made-up machines."""

import ctypes
import importlib.metadata
import os
import types

import pytest
import tensorflow as tf

from tfapp.diagnosis import gather, host, libraries, tensorflow_report
from tfapp.distribution import strategy
from tfapp.distribution.collective import CollectiveOptions

GPU_MACHINE = {
    "proc/cpuinfo": "model name\t: Some CPU\nflags\t\t: fpu avx avx2 amx_bf16\n\nmodel name\t: x\n",
    "proc/meminfo": "MemTotal:       2048 kB\nMemAvailable:   1024 kB\n",
    "proc/driver/nvidia/version": "NVRM version: NVIDIA UNIX x86_64 Kernel  570.86.15  Thu\n",
    "sys/bus/pci/devices/0000:01:00.0/vendor": "0x10de\n",
    "sys/bus/pci/devices/0000:01:00.0/class": "0x030200\n",
    "sys/bus/pci/devices/0000:02:00.0/vendor": "0x10de\n",  # its audio device is not a GPU
    "sys/bus/pci/devices/0000:02:00.0/class": "0x040300\n",
    "sys/fs/cgroup/cpu.max": "150000 100000\n",
    "sys/fs/cgroup/memory.max": "1048576\n",
    "dev/nvidia0": "",
    "dev/nvidiactl": "",
    ".dockerenv": "",
}


@pytest.fixture
def make_root(tmp_path):
    """make_root(files): a folder with these files, given as a dict of name to text."""

    def make(files):
        for name, text in files.items():
            path = tmp_path / "root" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path / "root"

    return make


def test_a_machine_with_a_gpu(make_root):
    found = host.probe(make_root(GPU_MACHINE), environ={})
    assert (found.processor, found.processor_flags) == ("Some CPU", ("avx", "avx2", "amx_bf16"))
    assert (found.memory_bytes, found.memory_available) == (2 << 20, 1 << 20)
    assert (found.core_limit, found.memory_limit) == (1.5, 1 << 20)
    assert (found.pci_gpus, found.gpu_files, found.driver) == (1, 1, "570.86.15")
    assert found.container == "docker"


def test_a_machine_that_shows_nothing(make_root):
    found = host.probe(make_root({"empty": ""}), environ={})
    assert (found.pci_gpus, found.gpu_files, found.driver, found.container) == (0, 0, "", "")
    assert (found.core_limit, found.memory_limit, found.memory_bytes) == (0, 0, 0)


FIRST = {"pid": "pid:[4026531836]", "uts": "uts:[4026531838]", "ipc": "ipc:[4026531839]"}
OTHER = {name: f"{name}:[4026532999]" for name in FIRST}
DISK = "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n28 27 0:2 / /proc rw - proc proc rw\n"
LAYERS = "9 1 0:9 / / rw,relatime master:1 - overlay overlay rw,lowerdir=/a:/b,upperdir=/c\n"


@pytest.fixture
def make_process(make_root):
    """make_process(namespaces, mounts, files): a root with what a process sees of itself."""

    def make(namespaces, mounts, files):
        root = make_root({"proc/self/mountinfo": mounts, **files})
        (root / "proc/self/ns").mkdir()
        for name, text in namespaces.items():
            (root / "proc/self/ns" / name).symlink_to(text)
        return root

    return make


@pytest.mark.parametrize(
    "environ, files, name",
    [
        ({}, {".dockerenv": ""}, "docker"),
        ({}, {"run/.containerenv": "", ".dockerenv": ""}, "podman"),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, {}, "kubernetes"),
        ({"container": "oci"}, {}, "oci"),
        ({}, {"run/systemd/container": "systemd-nspawn\n"}, "systemd-nspawn"),
        ({}, {"proc/self/cgroup": "0::/kubepods.slice/kubepods-pod7.slice\n"}, "kubernetes"),
        ({}, {"proc/1/cgroup": "4:memory:/docker/0123abc\n0::/\n"}, "docker"),
        ({}, {"proc/1/cgroup": "0::/system.slice/docker-0123abc.scope\n"}, "docker"),
        ({}, {"proc/1/cgroup": "0::/lxc.payload.mine\n"}, "lxc"),
        ({}, {}, "container"),
    ],
)
def test_a_container_by_its_marks(make_process, environ, files, name):
    assert host.probe(make_process(OTHER, LAYERS, files), environ=environ).container == name


@pytest.mark.parametrize(
    "environ, files",
    [
        ({}, {".dockerenv": ""}),  # a virtual machine that was made from an image
        ({"container": "oci"}, {}),  # inherited, or set for something else
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, {}),
        ({}, {"proc/self/cgroup": "0::/docker/0123abc\n"}),
    ],
)
def test_marks_do_not_make_a_container_of_a_machine(make_process, environ, files):
    assert host.probe(make_process(FIRST, DISK, files), environ=environ).container == ""


@pytest.mark.parametrize("namespaces, mounts", [(FIRST, DISK), (FIRST, LAYERS), (OTHER, DISK)])
def test_a_service_of_the_machine_is_no_container(make_process, namespaces, mounts):
    files = {"proc/self/cgroup": "0::/system.slice/docker.service\n"}
    assert host.probe(make_process(namespaces, mounts, files), environ={}).container == ""


def test_a_container_that_shares_the_machines_namespaces(make_process):
    """docker run --pid=host --ipc=host --uts=host"""
    root = make_process(FIRST, LAYERS, {".dockerenv": ""})
    assert host.probe(root, environ={}).container == "docker"


def test_limits_of_cgroups_version_1(make_root):
    files = {
        "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
        "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
    }
    found = host.probe(make_root(files), environ={"KUBERNETES_SERVICE_HOST": "10.0.0.1"})
    assert (found.core_limit, found.memory_limit) == (0, 0)
    assert found.container == "kubernetes"


def test_libraries_come_from_packages_first_and_have_versions(tmp_path):
    path = tmp_path / "nvidia/cudnn/lib/libcudnn.so.9"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"")
    asked = []

    def load(name, mode):
        asked.append((name, mode))
        if "cudart" in name:
            raise OSError(f"{name}: cannot open shared object file")
        return types.SimpleNamespace(cudnnGetVersion=lambda: 90300)

    found = libraries.probe(("libcudart.so.12", "libcudnn.so.9"), tmp_path, load)
    assert asked == [
        ("libcudart.so.12", ctypes.RTLD_GLOBAL),
        (str(path), ctypes.RTLD_GLOBAL),
    ]
    assert "cannot open" in found[0].error
    assert (found[1].error, found[1].version) == ("", "9.3")


def test_the_result_of_cuinit():
    def load(name, mode):
        assert name == "libcuda.so.1"
        return types.SimpleNamespace(cuInit=lambda flags: 803)

    def absent(name, mode):
        raise OSError(name)

    assert libraries.cuda_error(load) == 803
    assert libraries.cuda_error(absent) == 0


def test_a_file_that_is_not_a_library():
    (found,) = libraries.probe((os.__file__,))
    assert "invalid ELF header" in found.error


def test_the_libraries_needed_depend_on_the_versions_built_with():
    assert "libcudnn.so.9" in libraries.needed("12.5.1", "9")
    assert "libcublas.so.13" in libraries.needed("13.0", "9")
    assert libraries.needed("", "") == ()


def test_packages_are_compared_with_the_tested_versions():
    installed = {"keras": "3.11.0", "tensorflow-cpu": "2.21.0rc1", "numpy": "2.0"}

    def version(name):
        if name not in installed:
            raise importlib.metadata.PackageNotFoundError(name)
        return installed[name]

    lines = ["keras>=3.15,<4", "tensorflow>=2.21,<2.22", "numpy>=2.0.0", "absent", "numpy"]
    found = {(p.name, p.version): p.is_tested for p in gather.packages(lines, version)}
    assert found == {
        ("keras", "3.11.0"): False,
        ("tensorflow-cpu", "2.21.0rc1"): True,
        ("numpy", "2.0"): True,
        ("absent", ""): False,
    }


def test_the_tested_versions_are_those_of_setup_cfg():
    found = {package.name: package.tested for package in gather.packages()}
    assert found["tensorflow"].startswith(">=2.21")
    assert "tensorboard" in found


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    found = {f.purpose: f for f in gather.folders(data_dir=str(tmp_path / "file"), environ={})}
    assert not found["TFDS"].writable
    assert found["runs"].writable
    assert found["runs"].free_bytes > 0
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
def test_tensorflow_is_measured_in_a_separate_process():
    report = tensorflow_report.measure()
    assert report.error == ""
    assert report.xla_error == ""
    assert report.xla_seconds > 0
    assert {p.dtype for p in report.products if p.rate > 1e6} == {"float32", "bfloat16"}
    assert len({len(p.rates) for p in report.products}) == 1
    assert report.devices[0].kind == "CPU"
    assert report.is_cuda_build == tf.sysconfig.get_build_info()["is_cuda_build"]


@pytest.mark.parametrize(
    "code, message",
    [
        ("raise ImportError('libthing.so: undefined symbol')", "libthing.so: undefined symbol"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGILL)", "signal 4"),
        ("import time; time.sleep(60)", "did not answer within 2 s"),
    ],
)
def test_a_tensorflow_that_cannot_be_imported(tmp_path, monkeypatch, code, message):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "tensorflow.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "broken"))
    report = tensorflow_report.measure(limit=2 if "sleep" in code else 60)
    assert message in report.error


def test_a_sum_over_devices_is_tried():
    # The only strategy of this process: see `_mirrored`.
    found = tensorflow_report._try_reduction(
        tf, ("CPU:0", "CPU:1"), lambda names: strategy._mirrored(names, CollectiveOptions())
    )
    assert found == ""


def test_a_sum_over_devices_that_fails():
    """Not tried with a real strategy that fails midway: its unfinished sum would block the next."""

    def refuse(names):
        raise RuntimeError(f"no such devices: {names}")

    error = tensorflow_report._try_reduction(tf, ("GPU:0", "GPU:1"), refuse)
    assert error.startswith("RuntimeError: no such devices")


def test_types_are_timed_in_turns():
    now, called = [0.0], []

    def make(name, seconds):
        def call():
            called.append(name)
            now[0] += seconds

        return call

    calls = {"float32": make("float32", 0.06), "bfloat16": make("bfloat16", 0.03)}
    rounds = tensorflow_report.in_turns(calls, clock=lambda: now[0])
    assert rounds["float32"] == pytest.approx([0.06] * 9)
    assert rounds["bfloat16"] == pytest.approx([0.03] * 9)
    turn = ["float32", "bfloat16", "bfloat16"]  # as often as a round's time needs
    assert called == ["float32", "bfloat16", *turn * 9]


def test_slow_products_are_timed_a_few_times_only():
    now = [0.0]

    def slow():
        now[0] += 3.0

    assert len(tensorflow_report.in_turns({"a": slow}, clock=lambda: now[0])["a"]) == 3

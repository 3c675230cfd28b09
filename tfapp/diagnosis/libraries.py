"""Tries the shared libraries that TensorFlow loads when it looks for GPUs."""

import ctypes
import pathlib

from tfapp.diagnosis.facts import Library

DRIVER = "libcuda.so.1"  # belongs to the driver, never to a package
# By CUDA's major version; each library after those that it needs. {cudnn}: its major version.
_NEEDED = {
    "11": (
        "libcudart.so.11.0", "libcublasLt.so.11", "libcublas.so.11", "libcufft.so.10",
        "libcusparse.so.11", "libcusolver.so.11", "libcudnn.so.{cudnn}", "libnccl.so.2",
    ),
    "12": (
        "libcudart.so.12", "libnvJitLink.so.12", "libcublasLt.so.12", "libcublas.so.12",
        "libcufft.so.11", "libcusparse.so.12", "libcusolver.so.11", "libcudnn.so.{cudnn}",
        "libnccl.so.2",
    ),
    "13": (
        "libcudart.so.13", "libnvJitLink.so.13", "libcublasLt.so.13", "libcublas.so.13",
        "libcufft.so.12", "libcusparse.so.12", "libcusolver.so.12", "libcudnn.so.{cudnn}",
        "libnccl.so.2",
    ),
}  # fmt: skip
# The function that returns a library's version number, and the factors of major and minor in it.
_VERSIONS = {
    "libcuda.": ("cuDriverGetVersion", (1000, 10)),
    "libcudart.": ("cudaRuntimeGetVersion", (1000, 10)),
    "libcudnn.": ("cudnnGetVersion", (10000, 100)),
    "libnccl.": ("ncclGetVersion", (10000, 100)),
}


def needed(cuda_version, cudnn_version):
    """Names of the libraries that a TensorFlow built with these versions loads."""
    names = _NEEDED.get(cuda_version.partition(".")[0], ())
    cudnn = cudnn_version.partition(".")[0]
    return tuple(name.format(cudnn=cudnn) for name in names)


def probe(names, packages_folder=None, load=ctypes.CDLL):
    """Loads each library as TensorFlow would.

    Args:
      names: file names, each after those that it needs.
      packages_folder: the site-packages that TensorFlow is in, or None. The libraries of NVIDIA's
        packages in it come before those of the system, as in TensorFlow's wheels.
      load: `ctypes.CDLL` or a replacement, which raises OSError.

    Returns:
      A tuple of `Library`.
    """
    return tuple(_probe(name, packages_folder, load) for name in names)


def cuda_error(load=ctypes.CDLL):
    """The CUresult of cuInit: 0 if it works or if the driver's library cannot be loaded."""
    try:
        library = load(DRIVER, mode=ctypes.RTLD_GLOBAL)
    except OSError:
        return 0
    return library.cuInit(0)


def _probe(name, packages_folder, load):
    path = name
    if packages_folder is not None:
        found = sorted(pathlib.Path(packages_folder).glob(f"nvidia/*/lib/{name}"))
        path = str(found[0]) if found else name
    try:
        library = load(path, mode=ctypes.RTLD_GLOBAL)
    except OSError as error:
        return Library(name, error=" ".join(str(error).split()))
    return Library(name, version=_version(name, library))


def _version(name, library):
    for prefix, (function, (major, minor)) in _VERSIONS.items():
        if name.startswith(prefix) and hasattr(library, function):
            number = _call(getattr(library, function), returns=prefix == "libcudnn.")
            return f"{number // major}.{number % major // minor}" if number else ""
    return ""


def _call(function, returns):
    """The number that a version function returns (cuDNN) or writes to its argument (others)."""
    if returns:
        function.restype = ctypes.c_size_t
        return function()
    number = ctypes.c_int(0)
    return 0 if function(ctypes.byref(number)) else number.value

"""The workloads of tfapp and its peers: the same arrays, network, batch size and optimizer.

Images are those of Fashion-MNIST if its four .gz files are given, and otherwise random ones of the
same shapes: the benchmark measures speed, not accuracy.
"""

import dataclasses
import gzip
import pathlib
import sys

import command_line
import numpy as np

LEARNING_RATE = 1e-3
_FILES = {
    "train": ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", 60_000),
    "test": ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz", 10_000),
}
# What /proc/cpuinfo calls units for products of this type, on x86 and on ARM.
_UNITS = {"bfloat16": ("amx_bf16", "avx512_bf16", "bf16", "svebf16")}
_CPUINFO = pathlib.Path("/proc/cpuinfo")
_HELD_OUT = 512  # examples in each of tfapp's validation and test splits


@dataclasses.dataclass(frozen=True)
class Workload:
    """One row of the table."""

    model: str  # of tfapp; the peers build the same one
    shape: tuple  # of one example, float32
    batch_size: int
    examples: int  # in an epoch, for peers that only run epochs; takes some seconds
    precisions: tuple


WORKLOADS = {
    "mlp-32": Workload("mlp", (784,), 32, 60_000, ("float32",)),
    "mlp-1024": Workload("mlp", (784,), 1024, 60_000, ("float32",)),
    "cnn-128": Workload("cnn", (28, 28, 1), 128, 8_192, ("float32", "bfloat16")),
    "resnet20-128": Workload("resnet20", (32, 32, 3), 128, 2_048, ("float32", "bfloat16")),
}


def lacking(precision):
    """Why this processor is no place to measure `precision`; "" if it has what that needs.

    Without units the type is emulated: slower than float32, and a measure of nothing.
    """
    units = _UNITS.get(precision)
    if not units or not _CPUINFO.exists():
        return ""
    words = set(_CPUINFO.read_text().split())
    return "" if words & set(units) else f"no units for {precision} here ({', '.join(units)})"


def add_arguments(parser, variants, models=("mlp", "cnn", "resnet20")):
    """Adds what every peer takes: a workload of these models, and a variant of the peer."""
    known = [name for name, workload in WORKLOADS.items() if workload.model in models]
    parser.add_argument("--workload", choices=known, required=True)
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--variant", choices=list(variants), required=True)
    parser.add_argument(
        "--arrays", type=command_line.file, help="what compare.py has written", required=True
    )


def skip_if_lacking(precision):
    """Ends a peer where this processor has no units for `precision`."""
    if reason := lacking(precision):
        command_line.skip(reason)


def write_arrays(name, data, folder):
    """Writes FOLDER/SHAPE.npz with x_train, y_train and small other splits; returns its path."""
    workload = WORKLOADS[name]
    path = pathlib.Path(folder) / f"{'x'.join(map(str, workload.shape))}.npz"
    if not path.exists():
        x, y = read_split(data, "train")
        x = _shaped(x, workload.shape)
        rest = {f"x_{split}": x[:_HELD_OUT] for split in ("validation", "test")}
        rest.update({f"y_{split}": y[:_HELD_OUT] for split in ("validation", "test")})
        np.savez(path, x_train=x, y_train=y, **rest)
    return path


def read_arrays(path, examples):
    """(x, y) of a peer: float32 [examples, ...] and int32 [examples]."""
    with np.load(path) as file:
        return file["x_train"][:examples], file["y_train"][:examples].astype(np.int32)


def read_split(data, split):
    """(images uint8 [n, 28, 28], labels uint8 [n]) of Fashion-MNIST in `data`; random if None."""
    images, labels, count = _FILES[split]
    if data is None:
        random = np.random.default_rng(0)
        return (
            random.integers(0, 256, (count, 28, 28), np.uint8),
            random.integers(0, 10, count, np.uint8),
        )
    read = {}
    for name, header in ((images, 16), (labels, 8)):
        if not (pathlib.Path(data) / name).exists():
            sys.exit(f"--data={data}: lacks {name}")
        with gzip.open(pathlib.Path(data) / name) as file:
            read[name] = np.frombuffer(file.read(), np.uint8, offset=header)
    return read[images].reshape(-1, 28, 28), read[labels]


def _shaped(images, shape):
    """float32, standardised; padded and repeated for networks with larger or colour images."""
    x = (images.astype(np.float32) - 73) / 90
    if len(shape) == 1:
        return x.reshape(len(x), -1)
    pad = (shape[0] - 28) // 2
    x = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))[..., None]
    return np.repeat(x, shape[2], axis=-1)

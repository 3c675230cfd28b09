"""The workloads of tfapp and its peers: the same arrays, network, batch size and optimizer.

Images are those of Fashion-MNIST if its four .gz files are given, and otherwise random ones of the
same shapes; texts and tables are random: the benchmark measures speed, not accuracy.
"""

import dataclasses
import functools
import gzip
import pathlib
import subprocess
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
    shape: tuple  # of one example: float32 pixels, numbers of columns, or ids of characters
    batch_size: int
    examples: int  # in an epoch, for peers that only run epochs; takes some seconds
    precisions: tuple
    arguments: tuple = ()  # of tfapp's --model_arg, where its defaults are not what peers build
    kind: str = "images"  # or "text", "table"


WORKLOADS = {
    "mlp-32": Workload("mlp", (784,), 32, 60_000, ("float32",)),
    "mlp-1024": Workload("mlp", (784,), 1024, 60_000, ("float32",)),
    "cnn-128": Workload("cnn", (28, 28, 1), 128, 8_192, ("float32", "bfloat16")),
    "resnet20-128": Workload("resnet20", (32, 32, 3), 128, 2_048, ("float32", "bfloat16")),
    "gpt-64": Workload("gpt", (64,), 64, 4_096, ("float32", "bfloat16"), kind="text"),
    "vit_tiny-64": Workload(
        "vit_tiny", (32, 32, 3), 64, 512, ("float32", "bfloat16"), ("patch=4", "drop=0.0")
    ),
    "convnext_tiny-32": Workload(
        "convnext_tiny", (32, 32, 3), 32, 256, ("float32", "bfloat16"), ("patch=2", "drop=0.0")
    ),
    "tabm-256": Workload("tabm", (20,), 256, 20_000, ("float32",), kind="table"),
}
CHARACTERS = 65  # of texts, as in Shakespeare's plays
CLASSES = 10  # of images and tables


@functools.cache
def has_gpu():
    """Whether this machine has an NVIDIA GPU."""
    try:
        found = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True).stdout
    except OSError:
        return False
    return "GPU 0" in found


def examples_in_epoch(workload):
    """Examples of an epoch, for peers that only run epochs: more where a GPU takes less time."""
    return min(16 * workload.examples, 60_000) if has_gpu() else workload.examples


def lacking(precision):
    """Why this machine is no place to measure `precision`; "" if it has what that needs.

    Without units the type is emulated: slower than float32, and a measure of nothing.
    """
    units = _UNITS.get(precision)
    if not units or has_gpu() or not _CPUINFO.exists():
        return ""
    words = set(_CPUINFO.read_text().split())
    return "" if words & set(units) else f"no units for {precision} here ({', '.join(units)})"


def add_arguments(parser, variants, models=("mlp", "cnn", "resnet20")):
    """Adds what every peer takes: a workload of these models (None: all), a variant of the peer."""
    known = [n for n, workload in WORKLOADS.items() if models is None or workload.model in models]
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
    """Writes FOLDER/KIND-SHAPE.npz with x_train, y_train and small other splits; returns its path.

    Texts and tables are written for tfapp in addition, see `dataset`.
    """
    workload = WORKLOADS[name]
    shape = "x".join(map(str, workload.shape))
    path = pathlib.Path(folder) / f"{workload.kind}-{shape}.npz"
    if path.exists():
        return path
    if workload.kind == "text":
        x, y = _text(workload, path.with_suffix(".txt"))
    elif workload.kind == "table":
        x, y = _table(workload, path.with_suffix(".csv"))
    else:
        x, y = read_split(data, "train")
        x = _shaped(x, workload.shape)
    rest = {f"x_{split}": x[:_HELD_OUT] for split in ("validation", "test")}
    rest.update({f"y_{split}": y[:_HELD_OUT] for split in ("validation", "test")})
    np.savez(path, x_train=x, y_train=y, **rest)
    return path


def dataset(name, arrays):
    """tfapp's flags for the data that `write_arrays` has written beside `arrays`."""
    workload, arrays = WORKLOADS[name], pathlib.Path(arrays)
    if workload.kind == "text":
        return [
            f"--dataset=text:{arrays.with_suffix('.txt')}",
            f"--text_length={workload.shape[0]}",
        ]
    if workload.kind == "table":
        return [f"--dataset=csv:{arrays.with_suffix('.csv')}", "--label=y"]
    return [f"--dataset=npz:{arrays}"]


def read_arrays(path, examples):
    """(x, y) of a peer: float32, or int32 ids, and int32 labels, each [examples, ...]."""
    with np.load(path) as file:
        return file["x_train"][:examples], file["y_train"][:examples].astype(np.int32)


def _text(workload, path):
    """Writes random characters; (ids, the ids that come next), int32 [examples, length]."""
    (length,) = workload.shape
    ids = np.random.default_rng(0).integers(0, CHARACTERS, workload.examples * length + 1)
    path.write_text("".join(chr(0x21 + i) for i in ids))
    ids = ids.astype(np.int32)
    return ids[:-1].reshape(-1, length), ids[1:].reshape(-1, length)


def _table(workload, path):
    """Writes rows of random numbers and a class; (numbers float32, classes)."""
    random = np.random.default_rng(0)
    x = random.normal(size=(workload.examples, *workload.shape)).astype(np.float32)
    y = random.integers(0, CLASSES, workload.examples)
    header = ",".join([*(f"c{i}" for i in range(x.shape[1])), "y"])
    rows = "\n".join(
        ",".join([*(f"{v:.5f}" for v in row), f"class{label}"])
        for row, label in zip(x, y, strict=True)
    )
    path.write_text(f"{header}\n{rows}\n")
    return x, y


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

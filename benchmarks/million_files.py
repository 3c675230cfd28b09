"""A folder of a million tiny images: seconds to the first batch, and peak memory.

    python benchmarks/million_files.py --output=million_files.json

Makes the files (hard links to one file in each of 100 classes), opens the folder in a fresh process
with an empty cache, and again with the list of files in the cache.
"""

import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import command_line

ROOT = pathlib.Path(__file__).resolve().parents[1]
CLASSES = 100


def main():
    parser = command_line.Parser(__doc__)
    parser.add_argument("--folder", default="/tmp/tfapp-million-files")
    parser.add_argument("--files", type=command_line.above_zero(int), default=1_000_000)
    parser.add_argument("--output", type=command_line.new_file, default="")
    parser.add_argument("--open", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.open:
        print(json.dumps(opened(arguments.folder)))
        return
    make_files(pathlib.Path(arguments.folder), arguments.files)
    with tempfile.TemporaryDirectory() as cache:
        results = {name: run(arguments.folder, cache) for name in ("first time", "again")}
    print(json.dumps(results, indent=1))
    if arguments.output:
        pathlib.Path(arguments.output).write_text(json.dumps(results, indent=1) + "\n")


def run(folder, cache):
    env = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": cache,
           "TF_CPP_MIN_LOG_LEVEL": "3"}  # fmt: skip
    command = [sys.executable, __file__, "--open", f"--folder={folder}"]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr[-2000:])
    return json.loads(done.stdout.splitlines()[-1])


def make_files(folder, files):
    """Makes `files` tiny JPEGs in total: one per class, and hard links to it."""
    if folder.exists():
        return
    import io

    import numpy as np
    from PIL import Image

    generator = np.random.default_rng(0)
    for number in range(CLASSES):
        below = folder / f"{number:03}"
        below.mkdir(parents=True)
        out = io.BytesIO()
        pixels = generator.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((32, 32)).save(out, "JPEG")
        first = below / "0000000.jpg"
        first.write_bytes(out.getvalue())
        for i in range(1, files // CLASSES):
            os.link(first, below / f"{i:07}.jpg")


def opened(folder):
    import tensorflow as tf

    imported = peak()
    begin = time.monotonic()
    from tfapp.data import open_source
    from tfapp.data.pipeline.stream import StreamInput
    from tfapp.data.splits.holdout import with_all_splits

    source = with_all_splits(open_source(f"folder:{folder}"), fraction=0.1, seed=0)
    listed = time.monotonic() - begin
    stream = StreamInput(
        source.splits["train"], strategy=tf.distribute.get_strategy(), batch_size=64, seed=0
    )
    stream.restart(0)
    next(stream.inputs)
    return {
        "files": sum(split.num_examples for split in source.splits.values()),
        "seconds_to_list": round(listed, 2),
        "seconds_to_first_batch": round(time.monotonic() - begin, 2),
        "peak_megabytes": round(peak()),
        "peak_megabytes_of_tensorflow_alone": round(imported),
    }


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


if __name__ == "__main__":
    main()

"""Reading JPEGs for training: tfapp against a hand-written tf.data pipeline and PyTorch.

    python benchmarks/read_images.py --torch_python=VENV/bin/python --output=read_images.json

Makes 20,000 files of 500x375 (hard links to --distinct different ones), then reads them in training
order: decode, resize a random window to 224, batches of 64. The three run in turn, each in its own
process; the result is the median of --repeats. PyTorch uses DataLoader with two workers, and Pillow
for decoding and resizing, like torchvision's ImageFolder and RandomResizedCrop.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

import command_line

ROOT = pathlib.Path(__file__).resolve().parents[1]
BATCH, SIDE = 64, 224


def main():
    parser = command_line.Parser(__doc__)
    parser.add_argument("--folder", default="/tmp/tfapp-read-images")
    parser.add_argument("--files", type=command_line.above_zero(int), default=20_000)
    parser.add_argument("--distinct", type=command_line.above_zero(int), default=500)
    parser.add_argument("--seconds", type=command_line.above_zero(float), default=10.0)
    parser.add_argument("--repeats", type=command_line.above_zero(int), default=3)
    parser.add_argument("--torch_python", default="", help="a Python with torch and pillow")
    parser.add_argument("--output", type=command_line.new_file, default="")
    parser.add_argument("--reader", choices=READERS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.reader:
        print(json.dumps(READERS[arguments.reader](arguments.folder, arguments.seconds)))
        return
    make_files(pathlib.Path(arguments.folder), arguments.files, arguments.distinct)
    results = measure(arguments)
    print(json.dumps(results, indent=1))
    if arguments.output:
        pathlib.Path(arguments.output).write_text(json.dumps(results, indent=1) + "\n")


def measure(arguments):
    rates, cpu = {}, {}
    pythons = dict.fromkeys(READERS, sys.executable) | {"pytorch": arguments.torch_python}
    for _ in range(arguments.repeats):
        for reader in [reader for reader, python in pythons.items() if python]:
            measured = run(pythons[reader], reader, arguments)
            if measured is None:
                pythons[reader] = ""
            else:
                rate, milliseconds = measured
                rates.setdefault(reader, []).append(rate)
                cpu.setdefault(reader, []).append(milliseconds)
    medians = {reader: statistics.median(values) for reader, values in rates.items()}
    ratios = {
        f"tfapp / {r}": round(medians["tfapp"] / medians[r], 3) for r in rates if r != "tfapp"
    }
    cpu.pop("pytorch", None)  # its workers are other processes
    return {
        "images_per_second": rates,
        "median": medians,
        "ratios": ratios,
        "cpu_milliseconds_per_image": cpu,
    }


def run(python, reader, arguments):
    """What `timed` returns for one reader, in its own process; None if it cannot run here."""
    command = [python, __file__, f"--reader={reader}", f"--folder={arguments.folder}",
               f"--seconds={arguments.seconds}"]  # fmt: skip
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True)
    except OSError as error:
        sys.exit(f"--torch_python={python}: {error.strerror}")
    if done.returncode == command_line.SKIPPED:
        print(f"{reader}: {done.stderr.splitlines()[-1]}", file=sys.stderr)
        return None
    if done.returncode:
        sys.exit(f"{reader}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def make_files(folder, files, distinct):
    """Ten classes of files; images are smooth with some noise, with qualities from 75 to 95."""
    if folder.exists():
        return
    import numpy as np
    from PIL import Image

    generator = np.random.default_rng(0)
    for number in range(10):
        (folder / f"class{number}").mkdir(parents=True)
    for i in range(distinct):
        coarse = generator.integers(0, 256, (12, 16, 3), dtype=np.uint8)
        smooth = np.asarray(Image.fromarray(coarse).resize((500, 375), Image.Resampling.BICUBIC))
        noisy = smooth + generator.normal(0, 8, smooth.shape)
        first = folder / f"class{i % 10}" / f"{i:05}.jpg"
        picture = Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))
        picture.save(first, quality=int(generator.integers(75, 96)))
        for j in range(i + distinct, files, distinct):
            os.link(first, folder / f"class{j % 10}" / f"{j:05}.jpg")


def timed(batches, seconds):
    """(images per second, milliseconds of this process's CPU time per image), after a warm-up.

    On a machine that is not idle, the second is more reliable than the first.
    """
    for _ in range(5):
        next(batches)
    count, begin, cpu = 0, time.monotonic(), time.process_time()
    while time.monotonic() - begin < seconds:
        next(batches)
        count += BATCH
    seconds = time.monotonic() - begin
    return round(count / seconds, 1), round(1000 * (time.process_time() - cpu) / count, 3)


def read_with_tfapp(folder, seconds):
    import tensorflow as tf

    from tfapp.data import open_source
    from tfapp.data.pipeline.stream import StreamInput
    from tfapp.data.splits.holdout import with_all_splits

    source = with_all_splits(
        open_source(f"folder:{folder}", image_size=str(SIDE)), fraction=0.1, seed=0
    )
    split = source.splits["train"].with_random_windows()
    stream = StreamInput(
        split, strategy=tf.distribute.get_strategy(), batch_size=BATCH, seed=0, with_seeds=True
    )
    stream.restart(0)
    return timed(stream.inputs, seconds)


def read_with_tf_data(folder, seconds):
    """An expert's pipeline: decode only the window, resize bilinearly, keep bytes."""
    import tensorflow as tf

    paths = sorted(map(str, pathlib.Path(folder).glob("*/*.jpg")))
    labels = [int(pathlib.Path(p).parent.name[5:]) for p in paths]

    def load(path, label):
        data = tf.io.read_file(path)
        begin, size, _ = tf.image.sample_distorted_bounding_box(
            tf.io.extract_jpeg_shape(data),
            tf.zeros((1, 0, 4)),
            area_range=(0.08, 1.0),
            aspect_ratio_range=(3 / 4, 4 / 3),
            max_attempts=10,
            use_image_if_no_bounding_boxes=True,
        )
        window = tf.concat([begin[:2], size[:2]], 0)
        image = tf.image.decode_and_crop_jpeg(data, window, channels=3)
        image = tf.image.resize(image, (SIDE, SIDE))
        return tf.cast(tf.round(image), tf.uint8), label

    data = tf.data.Dataset.from_tensor_slices((paths, labels)).shuffle(len(paths), seed=0).repeat()
    data = data.map(load, num_parallel_calls=tf.data.AUTOTUNE)
    return timed(iter(data.batch(BATCH, drop_remainder=True).prefetch(tf.data.AUTOTUNE)), seconds)


def read_with_pytorch(folder, seconds):
    torch = command_line.needs("torch")
    command_line.needs("PIL", "pillow")
    loader = torch.utils.data.DataLoader(
        Pictures(folder), batch_size=BATCH, shuffle=True, num_workers=2, drop_last=True
    )
    return timed(iter(loader), seconds)


class Pictures:
    """A map-style data set of (uint8 [3, side, side], label)."""

    def __init__(self, folder):
        self.paths = sorted(map(str, pathlib.Path(folder).glob("*/*.jpg")))

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        import math
        import random

        import numpy as np
        import torch
        from PIL import Image

        path = self.paths[index]
        with open(path, "rb") as file:
            image = Image.open(file).convert("RGB")
        width, height = image.size
        for _ in range(10):
            area = width * height * random.uniform(0.08, 1.0)
            root = math.exp(random.uniform(math.log(3 / 4), math.log(4 / 3)) / 2)
            wide, tall = round(math.sqrt(area) * root), round(math.sqrt(area) / root)
            if 0 < wide <= width and 0 < tall <= height:
                left, top = random.randint(0, width - wide), random.randint(0, height - tall)
                break
        else:
            left, top, wide, tall = 0, 0, width, height
        box = (left, top, left + wide, top + tall)
        image = image.crop(box).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
        pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous()
        return pixels, int(pathlib.Path(path).parent.name[5:])


READERS = {
    "tfapp": read_with_tfapp,
    "tf.data": read_with_tf_data,
    "pytorch": read_with_pytorch,
}

if __name__ == "__main__":
    main()

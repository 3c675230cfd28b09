"""The contact sheet: examples of train as the model gets them, without and with augmentation."""

import os
import re

import numpy as np
import tensorflow as tf

from tfapp.data.pipeline.stream import StreamInput
from tfapp.errors import StorageError
from tfapp.experiment import augment
from tfapp.runtime import storage
from tfapp.spec import EXAMPLE_SEED

_COLUMNS = 8
_LEAST_SIDE, _MOST_SIDE = 72, 224  # bounds on an image's longer side on the sheet, in pixels
_CAPTION = 14  # pixels of height
_GAP = 6


def draw(config, data, count):
    """Draws a PNG of the first training batch.

    Args:
      config: a `Config`; --output names the file.
      data: a `Data`.
      count: largest number of images.

    Returns:
      the path, or None if no feature is an image.

    Raises:
      StorageError: the file cannot be written.
    """
    image = next((f for f in data.spec.features if f.kind == "image"), None)
    if image is None:
        return None
    count = min(count, data.source.splits["train"].num_examples) // 2 * 2
    rows = [("as the model gets them", _batch(data, count, config.seed, ()))]
    if config.augment:
        augmented = _batch(data, count, config.seed, config.augment)
        rows.append((f"with --augment={','.join(config.augment)}", augmented))
    path = config.output or f"{_tail(config.dataset)}-examples.png"
    sheet = _sheet([(title, b[image.name], _captions(data.spec.label, b)) for title, b in rows])
    try:
        sheet.save(path, "PNG")
    except OSError as error:
        reason = storage.describe(error, path) or error.strerror or error
        raise StorageError(f"--output={path}: {reason}") from error
    return os.path.abspath(path)


def _batch(data, count, seed, entries):
    """The first batch of training, name -> NumPy, augmented by the --augment items `entries`."""
    train, left, _ = augment.divide(entries, data.source.splits["train"])
    change = augment.build(left, data, micro_batch=count)
    engine = StreamInput(
        train, strategy=tf.distribute.get_strategy(), batch_size=count, seed=seed, with_seeds=True
    )
    with data.source.bad_examples.reporting():
        engine.restart(0)
        batch = engine.batch(engine.pull(engine.inputs, 0), 0)
    if change is not None:
        batch = change(batch)
    return {name: value.numpy() for name, value in batch.items() if name != EXAMPLE_SEED}


def _captions(label, batch):
    """The caption of each image: its class, the classes mixed into it, its labels or its value."""
    captions = []
    for value in batch[label.name]:
        if label.kind == "multi_label":
            captions.append(" ".join(n for n, v in zip(label.class_names, value, strict=True) if v))
        elif label.kind != "class":
            captions.append(" ".join(f"{v:.4g}" for v in np.ravel(value)))
        elif np.ndim(value):
            parts = [i for i in np.argsort(-value)[:2] if value[i] > 0.005]
            captions.append(" ".join(f"{label.class_names[i]} {value[i]:.0%}" for i in parts))
        else:
            captions.append(label.class_names[value])
    return captions


def _sheet(parts):
    """A PIL image of titled grids of images."""
    from PIL import Image, ImageDraw

    height, width = parts[0][1].shape[1:3]
    scale = max(1, -(-_LEAST_SIDE // max(height, width)))
    if max(height, width) > _MOST_SIDE:
        scale = _MOST_SIDE / max(height, width)
    tile = round(width * scale), round(height * scale)
    step = tile[0] + _GAP, tile[1] + _CAPTION + _GAP
    lines = [-(-len(images) // _COLUMNS) for _, images, _ in parts]
    size = _COLUMNS * step[0] + _GAP, sum(n * step[1] + _CAPTION + 2 * _GAP for n in lines) + _GAP
    sheet = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(sheet)
    top = _GAP
    for (title, images, captions), count in zip(parts, lines, strict=True):
        pen.text((_GAP, top), title, fill="black")
        top += _CAPTION + _GAP
        for i, (pixels, caption) in enumerate(zip(_shown(images), captions, strict=True)):
            x, y = _GAP + i % _COLUMNS * step[0], top + i // _COLUMNS * step[1]
            sheet.paste(Image.fromarray(pixels).resize(tile, Image.Resampling.NEAREST), (x, y))
            pen.text((x, y + tile[1] + 1), caption[: tile[0] // 6], fill="black")
        top += count * step[1] + _GAP
    return sheet


def _shown(images):
    """uint8 [n, height, width, 3]; images that are not in the range of bytes are rescaled."""
    images = images[..., :3].astype(np.float32)
    low, high = float(images.min()), float(images.max())
    if low < 0 or high > 255 or high <= 32:  # counts, or numbers between 0 and 1
        images = (images - low) * (255 / max(high - low, 1e-9))
    if images.shape[-1] != 3:
        images = np.repeat(images[..., :1], 3, axis=-1)
    return np.clip(np.round(images), 0, 255).astype(np.uint8)


def _tail(name):
    return re.sub(r"[^A-Za-z0-9]+", "_", name.rstrip("/").split("/")[-1].split(":")[-1]) or "data"

"""RandAugment (Cubuk et al., arXiv:1909.13719), TrivialAugment (Müller & Hutter, arXiv:2103.10158).

Every example gets its own operations, in one pass over the batch: all that move pixels are one
affine warp, and each example selects one of those that change colours. The operations, and the
angle or factor for a magnitude of 0 to 30, are those of torchvision.
"""

import math

import tensorflow as tf

from tfapp.data.augmentation import colour, geometry
from tfapp.data.pipeline import order

_OPERATIONS = (
    "identity", "shear_x", "shear_y", "translate_x", "translate_y", "rotate",
    "brightness", "saturation", "contrast", "sharpness", "posterize", "solarize",
    "autocontrast", "equalize",
)  # fmt: skip
_FILL = 128.0  # grey beyond the edges
_LAYERS = 2  # of RandAugment
_TOP = 30  # largest magnitude
# At the largest magnitude: shear, rotation in degrees, factors, bits that are dropped.
_RAND = {"shear": 0.3, "degrees": 30, "factor": 0.9, "bits": 4}
_WIDE = {"shear": 0.99, "degrees": 135, "factor": 0.99, "bits": 6}


def randaugment(images, seeds, magnitude, stream):
    """Two operations an image, each of the given magnitude."""
    reach = 150 / 331  # the largest translation, as a share of the side
    images = tf.cast(images, tf.float32)
    for layer in range(_LAYERS):
        numbers = order.uniform(seeds, stream + layer, 2)
        strength = tf.fill(tf.shape(seeds), magnitude / _TOP)
        images = _operate(images, numbers[:, 0], numbers[:, 1], strength, _RAND, reach)
    return images


def trivialaugment(images, seeds, most, stream):
    """One operation an image, with a magnitude drawn uniformly from 0 to `most`."""
    numbers = order.uniform(seeds, stream, 3)
    strength = tf.floor(numbers[:, 2] * (most + 1)) / _TOP
    reach = 32 / images.shape[2]
    images = tf.cast(images, tf.float32)
    return _operate(images, numbers[:, 0], numbers[:, 1], strength, _WIDE, reach)


def _operate(images, which, side, strength, space, reach):
    """Applies to each image its operation; all arguments but the last two are [batch, ...]."""
    choice = tf.cast(which * len(_OPERATIONS), tf.int32)

    def chosen(name):
        return choice == _OPERATIONS.index(name)

    signed = tf.where(side < 0.5, strength, -strength)
    images = geometry.warp(images, _matrices(images, chosen, signed, space, reach), _FILL)
    factor = 1 + signed * space["factor"]
    changed = {
        "brightness": colour.brightness(images, factor),
        "saturation": colour.saturation(images, factor),
        "contrast": colour.contrast(images, factor),
        "sharpness": colour.sharpness(images, factor),
        "posterize": colour.posterize(images, 8 - tf.round(strength * space["bits"])),
        "solarize": colour.solarize(images, 255 * (1 - strength)),
        "autocontrast": colour.autocontrast(images),
        "equalize": colour.equalize(images),
    }
    out = images
    for name, result in changed.items():
        out = tf.where(chosen(name)[:, None, None, None], result, out)
    return tf.round(out)  # to pixels again, since a later operation may apply a threshold


def _matrices(images, chosen, signed, space, reach):
    """float32 [batch, 2, 3]; the identity for operations that move nothing."""
    height, width = images.shape[1:3]

    def of(name, value):
        return tf.where(chosen(name), value, 0.0)

    angle = of("rotate", signed * math.radians(space["degrees"]))
    cosine, sine = tf.cos(angle), tf.sin(angle)
    shear_x, shear_y = (of(n, signed * space["shear"]) for n in ("shear_x", "shear_y"))
    move_x = of("translate_x", signed * reach * width)
    move_y = of("translate_y", signed * reach * height)
    top = tf.stack([cosine, shear_x - sine, move_x], -1)
    bottom = tf.stack([shear_y + sine, cosine, move_y], -1)
    return tf.stack([top, bottom], 1)

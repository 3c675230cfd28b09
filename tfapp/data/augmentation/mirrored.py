"""Whether left and right are alike in a set of images, so that mirrored ones are more of the same.

Photographs of animals are mirrored without a loss; letters, digits and arrows are not. The data
decides: where left and right are alike, the nearest neighbour of a mirrored image is of its class
as often as that of the image itself.
"""

import numpy as np
import tensorflow as tf

_SIDE = 12  # pixels to which images are shrunk before they are compared
_CHUNK = 128  # images that are shrunk at once: in float32 they take four times their bytes
_LEAST = 20  # images of a class that is looked at by itself
_ERRORS = 3  # standard errors within which two shares count as equal


def alike(images, labels):
    """Whether left and right are alike.

    Args:
      images: [n, height, width, channels] of any numeric type.
      labels: classes, int [n].

    Returns:
      a bool. False where nearest neighbours find classes no better than by chance, so that they
      cannot show it.
    """
    labels = np.asarray(labels)
    parts = (images[start : start + _CHUNK] for start in range(0, len(images), _CHUNK))
    shrunk = np.concatenate([_shrunk(part) for part in parts])
    plain, mirrored = _directions(shrunk), _directions(shrunk[:, :, ::-1])
    found = _found(plain, plain, labels)
    largest = np.bincount(labels).max() / len(labels)
    if not found.mean() > largest + _ERRORS * _standard_error(found):
        return False
    lost = found.astype(float) - _found(mirrored, plain, labels)
    classes = [label for label, n in enumerate(np.bincount(labels)) if n >= _LEAST]
    groups = [lost, *(lost[labels == label] for label in classes)]
    return all(group.mean() <= _ERRORS * _standard_error(group) for group in groups)


def _shrunk(images):
    return tf.image.resize(images, (_SIDE, _SIDE), "bilinear", antialias=True).numpy()


def _directions(images):
    """[n, pixels] of mean 0 and length 1, so that brightness and contrast do not count."""
    flat = images.reshape(len(images), -1)
    flat = flat - flat.mean(1, keepdims=True)
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)


def _found(images, among, labels):
    """Bool [n]: whether the nearest other image is of an image's class."""
    likeness = images @ among.T
    np.fill_diagonal(likeness, -np.inf)
    return labels[likeness.argmax(1)] == labels


def _standard_error(values):
    return np.std(values) / np.sqrt(len(values))

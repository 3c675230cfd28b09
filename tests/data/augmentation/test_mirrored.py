"""Whether left and right are alike is seen in the data: faces are, arrows are not."""

import numpy as np
import pytest

from tfapp.data.augmentation.mirrored import alike

COUNT = 240
LABELS = np.arange(COUNT) % 3


def noisy(shapes):
    """One image [16, 16, 1] an example, of its class's shape, moved a little, with noise."""
    draw, images = np.random.default_rng(0), []
    for label in LABELS:
        moved = np.roll(shapes[label], draw.integers(-1, 2, 2), (0, 1))
        images.append(moved + draw.normal(0, 0.1, moved.shape))
    return np.stack(images)[..., None].astype("f4")


def pictures(symmetric):
    draw = np.random.default_rng(1)
    shapes = draw.uniform(size=(3, 4, 4)).repeat(4, 1).repeat(4, 2)
    return (shapes + shapes[:, :, ::-1]) / 2 if symmetric else shapes


def arrows():
    """A disc, which is alike, and arrows to the left and to the right, which are each other's."""
    rows, columns = np.mgrid[:16, :16]
    disc = ((rows - 7.5) ** 2 + (columns - 7.5) ** 2 < 20).astype(float)
    left = (np.abs(rows - 7.5) < columns - 4).astype(float) * (columns < 12)
    return np.stack([disc, left, left[:, ::-1]])


def test_symmetric_shapes_are_alike():
    assert alike(noisy(pictures(symmetric=True)), LABELS)


@pytest.mark.parametrize("shapes", [pictures(symmetric=False), arrows()], ids=["shapes", "arrows"])
def test_shapes_that_a_mirror_changes_are_not(shapes):
    assert not alike(noisy(shapes), LABELS)


def test_one_class_that_a_mirror_changes_is_enough():
    """Of 240 images, 24 are of a class that its mirror turns into another: 10% of all."""
    one, many = arrows()[1], noisy(pictures(symmetric=True))
    labels = np.where(np.arange(COUNT) % 10, LABELS, 3)
    many[labels == 3] += 2 * one[..., None]
    many[(labels == 0) & (np.arange(COUNT) % 2 == 0)] = many[labels == 3][0][:, ::-1]
    assert not alike(many, labels)


def test_images_in_which_nothing_is_found_decide_nothing():
    draw = np.random.default_rng(0)
    assert not alike(draw.normal(size=(COUNT, 16, 16, 3)).astype("f4"), LABELS)

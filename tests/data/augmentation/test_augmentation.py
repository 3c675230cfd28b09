"""Each augmentation is reproducible, differs between epochs, and does what its name promises."""

import numpy as np
import pytest
import tensorflow as tf

from tests.image_files import picture
from tfapp.data import augmentation
from tfapp.data.augmentation import colour, geometry, mix
from tfapp.data.pipeline import order
from tfapp.errors import UsageError
from tfapp.spec import EXAMPLE_SEED, DataSpec, FeatureSpec, InputSpec, LabelSpec

SPECS = {
    "image": (FeatureSpec("x", "image", (16, 20, 3), "uint8"), "image"),
    "tokens": (FeatureSpec("x", "text", (), "string"), "tokens"),
    "numeric": (FeatureSpec("x", "numeric", (40,), "float32"), "numeric"),
}
BATCH = {
    "image": np.stack([picture(i, 16, 20) for i in range(8)]),
    "tokens": np.arange(8 * 64, dtype=np.int32).reshape(8, 64) % 50,
    "numeric": np.zeros((8, 40), np.float32),
}
KIND = {name: kind.features[0] for name, kind in augmentation.KINDS.items()}
KIND.update(dict.fromkeys(augmentation.MIXES, "image"))


def build(entries, kind, micro_batch=8):
    feature, input_kind = SPECS[kind]
    spec = DataSpec("random", (feature,), LabelSpec("label", "class", 4, tuple("abcd")))
    inputs = (InputSpec("x", input_kind, feature.shape, "float32"),)
    return augmentation.build(
        entries, spec, inputs, micro_batch=micro_batch, standard_deviations=lambda name: np.ones(40)
    )


def batch_of(kind, step=0, rows=slice(None)):
    indices = tf.range(8, dtype=tf.int64)
    seeds = order.example_seeds(indices, step, num_examples=80, batch_size=8, seed=0)
    batch = {"x": BATCH[kind], "label": np.arange(8, dtype=np.int32) % 4, EXAMPLE_SEED: seeds}
    return {name: tf.constant(value[rows]) for name, value in batch.items()}


def run(name, step=0, rows=slice(None), entries=None):
    kind = KIND[name]
    out = build(entries or [name], kind)(batch_of(kind, step, rows))
    return out["x"].numpy(), out["label"].numpy()


@pytest.mark.parametrize("name", KIND)
def test_it_is_a_function_of_seed_example_and_epoch(name):
    first, again, later = (run(name, step)[0] for step in (0, 0, 10))  # 10 steps an epoch
    assert np.array_equal(first, again)
    assert not np.array_equal(first, later)
    assert not np.array_equal(first, BATCH[KIND[name]])
    assert first.shape == BATCH[KIND[name]].shape


@pytest.mark.parametrize("name", KIND)
def test_two_replicas_draw_what_one_draws(name):
    whole, labels = run(name)
    halves = [run(name, rows=rows) for rows in (slice(0, 4), slice(4, 8))]
    assert np.allclose(np.concatenate([h[0] for h in halves]), whole, atol=1e-4)
    assert np.allclose(np.concatenate([h[1] for h in halves]), labels, atol=1e-6)


LONG_TO_COMPILE = ("randaugment", "trivialaugment", "random_resized_crop")


def _marked(name):
    return pytest.param(name, marks=pytest.mark.slow if name in LONG_TO_COMPILE else ())


@pytest.mark.parametrize("name", map(_marked, KIND))
def test_xla_computes_the_same(name):
    change = build([name], KIND[name])
    compiled = tf.function(lambda b: change(b)["x"], jit_compile=True)
    expected = run(name)[0].astype(np.float32)
    difference = np.abs(compiled(batch_of(KIND[name])).numpy() - expected)
    assert np.nanmean(difference > 0.01) < 0.01  # a rounding may fall to the other side


def test_flip_mirrors_about_half():
    flipped = [geometry.flip(BATCH["image"], batch_of("image", 10 * s)[EXAMPLE_SEED], 0.5, 0)
               for s in range(40)]  # fmt: skip
    same = np.array([[np.array_equal(a, b) for a, b in zip(f, BATCH["image"], strict=True)]
                     for f in flipped])  # fmt: skip
    assert 0.4 < same.mean() < 0.6
    s, i = np.argwhere(~same)[0]
    assert np.array_equal(flipped[s][i], BATCH["image"][i][:, ::-1])


def test_crop_is_a_crop_of_the_reflected_image():
    for image, out in zip(BATCH["image"], run("crop", entries=["crop:3"])[0], strict=True):
        padded = np.pad(image, ((3, 3), (3, 3), (0, 0)), "reflect")
        windows = [padded[y : y + 16, x : x + 20] for y in range(7) for x in range(7)]
        assert any(np.array_equal(out, window) for window in windows)


def test_a_resized_crop_of_everything_is_the_image():
    seeds = batch_of("image")[EXAMPLE_SEED]
    out = geometry.random_resized_crop(BATCH["image"], seeds, 1.0, 0)
    whole = [np.abs(a - b).max() < 1e-3 for a, b in zip(out.numpy(), BATCH["image"], strict=True)]
    assert any(whole)  # windows of another aspect do not fit: then it is all of it
    assert out.numpy().min() >= 0 and out.numpy().max() <= 255


def test_cutout_blanks_a_square():
    out = run("cutout", entries=["cutout:6"])[0]
    changed = np.any(out != BATCH["image"], axis=-1)
    assert changed.sum((1, 2)).min() >= 9 and changed.sum((1, 2)).max() <= 36
    for image, mask, source in zip(out, changed, BATCH["image"], strict=True):
        assert np.allclose(image[mask], source.mean((0, 1)), atol=1e-3)


def test_equalize_autocontrast_and_posterize():
    image = tf.constant(BATCH["image"][:1], tf.float32)
    flat = colour.equalize(image).numpy()
    assert flat.min() == 0 and flat.max() == 255
    assert abs(np.median(flat) - 128) < 20
    assert np.unique(colour.posterize(image, tf.constant([2.0]))).size <= 4
    assert colour.autocontrast(image).numpy().max() == pytest.approx(255)


def test_a_warp_by_the_identity_changes_nothing():
    eye = tf.eye(2, 3, batch_shape=[8])
    images = tf.constant(BATCH["image"], tf.float32)
    assert np.array_equal(geometry.warp(images, eye, 128.0), images)


def test_mixup_mixes_neighbours_and_their_labels_alike():
    out, labels = run("mixup", entries=["mixup:1"])
    images, hot = BATCH["image"].astype(np.float32), np.eye(4)[np.arange(8) % 4]
    partner = np.arange(8) ^ 1
    shares = labels[np.arange(8), np.arange(8) % 4]
    assert ((shares > 0) & (shares < 1)).all()
    assert np.allclose(labels, hot * shares[:, None] + hot[partner] * (1 - shares[:, None]))
    shares = shares[:, None, None, None]
    assert np.allclose(out, images * shares + images[partner] * (1 - shares), atol=1e-3)


def test_cutmix_labels_are_the_shares_of_the_area():
    out, labels = run("cutmix")
    own = np.all(out == BATCH["image"], axis=-1).mean((1, 2))
    assert labels.sum(1) == pytest.approx(np.ones(8))
    assert labels[np.arange(8), np.arange(8) % 4] == pytest.approx(own, abs=0.05)
    assert (own < 1).any()


@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
def test_shares_follow_the_beta_distribution(alpha):
    numbers = tf.linspace(0.0, 0.9999, 20001)
    drawn = mix._beta(numbers, alpha).numpy()
    reference = np.random.default_rng(0).beta(alpha, alpha, 20001)
    assert drawn.mean() == pytest.approx(0.5, abs=0.01)
    assert drawn.std() == pytest.approx(reference.std(), rel=0.02)


def test_token_dropout_leaves_padding():
    out = run("token_dropout", entries=["token_dropout:0.5"])[0]
    tokens = BATCH["tokens"]
    assert (out[tokens == 0] == 0).all()
    assert 0.4 < (out[tokens > 1] == 1).mean() < 0.6


def test_noise_is_normal_in_standard_deviations_of_train():
    out = run("noise", entries=["noise:0.5"])[0]
    assert out.std() == pytest.approx(0.5, rel=0.15)
    assert abs(out.mean()) < 0.1


@pytest.mark.parametrize(
    "entries, kind, micro_batch, message",
    [
        (["flop"], "image", 8, "--augment=flop: unknown; did you mean 'flip'"),
        (["flip:2"], "image", 8, "--augment=flip:2: the value must lie between 0 and 1"),
        (["crop:x"], "image", 8, "the value must lie between"),
        (["flip"], "numeric", 8, "is for features of kind image; random has x (numeric)"),
        (["mixup"], "numeric", 8, "needs one image and classes"),
        (["mixup"], "image", 7, "7 examples are together on a replica"),
    ],
)
def test_what_cannot_work(entries, kind, micro_batch, message):
    with pytest.raises(UsageError) as caught:
        build(entries, kind, micro_batch)
    assert message in str(caught.value)

"""--model=keras:NAME: networks of keras.applications with their own preprocessing inside."""

import keras
import numpy as np
import pytest

from tfapp.errors import UsageError
from tfapp.models import build_model, check_arguments, takes_pixels
from tfapp.models.applications import names
from tfapp.spec import InputSpec


def image(side=32, channels=3):
    return InputSpec("image", "image", (side, side, channels), "float32")


def build(name, *inputs, **arguments):
    return build_model(name, arguments, outputs=5, inputs=inputs or (image(),))


def test_pixels_go_through_the_networks_own_preprocessing():
    model = build("keras:MobileNet", alpha=0.25)
    same = keras.applications.MobileNet(
        input_shape=(32, 32, 3), alpha=0.25, weights=None, classes=5, classifier_activation=None
    )
    same.set_weights(model.get_weights())
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype("f4")
    prepared = keras.applications.mobilenet.preprocess_input(pixels.copy())
    assert np.abs(prepared).max() <= 1
    np.testing.assert_allclose(model(pixels), same(prepared), rtol=1e-4, atol=1e-6)


def test_a_grey_image_is_seen_as_three_equal_channels():
    grey, colour = (
        build("keras:MobileNet", image(channels=1), alpha=0.25),
        build("keras:MobileNet", alpha=0.25),
    )
    colour.set_weights(grey.get_weights())
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 1)).astype("f4")
    np.testing.assert_allclose(grey(pixels), colour(pixels.repeat(3, -1)), rtol=1e-4, atol=1e-6)


def test_every_network_is_known_and_every_one_has_its_preprocessing():
    assert {"ResNet50", "ConvNeXtTiny", "MobileNetV3Small", "NASNetMobile", "VGG16"} <= set(names())
    for name in names():
        check_arguments(f"keras:{name}", {})
        assert takes_pixels(f"keras:{name}")
    assert not takes_pixels("resnet50") and not takes_pixels("auto")


@pytest.mark.parametrize(
    "name, arguments, message",
    [
        ("keras:ResNet5O", {}, "no network of this name; did you mean 'keras:ResNet50'"),
        ("keras:Dense", {}, "no network of this name"),
        ("keras:ResNet50", {"weights": "imagenet"}, "--model_arg=weights: keras:ResNet50 takes"),
        ("keras:MobileNet", {"alfa": 1}, "did you mean 'alpha'"),
    ],
)
def test_a_wrong_name_is_one_line(name, arguments, message):
    with pytest.raises(UsageError, match=message) as caught:
        check_arguments(name, arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "name, inputs, message",
    [
        ("keras:Xception", [image(32)],
         "takes images of at least 71x71 pixels, and these have 32x32; use --image_size=71"),
        ("keras:MobileNet", [image(channels=4)], "images of 1 or 3 channels, and these have 4"),
        ("keras:MobileNet", [InputSpec("x", "numeric", (9,), "float32")],
         r"takes one image, but the data has x \(numeric\)"),
    ],
)  # fmt: skip
def test_images_that_it_does_not_take_are_one_line(name, inputs, message):
    with pytest.raises(UsageError, match=f"--model={name}: .*{message}"):
        build(name, *inputs)


def test_a_run_gives_it_bytes_as_they_are(make_experiment):
    built = make_experiment(
        dataset="synthetic:32x32x3:4:32", model="keras:MobileNet", model_arg=("alpha=0.25",),
        batch_size=8, xla="off", precision="float32",
    )  # fmt: skip
    (transform,) = built.data.preprocess.transforms.values()
    values = np.stack([transform.mean, transform.mean + 255 / transform.scale], -1)
    assert np.allclose(transform(values[..., :1].T), 0)
    assert np.allclose(transform(values[..., 1:].T), 255)

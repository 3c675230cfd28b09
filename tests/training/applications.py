"""Which networks of keras.applications are tried, and how.

Without weights, which would be fetched, and at the smallest images that each takes.
"""

import keras

from tests.training.architecture import CLASSES, Architecture, images


def application(name, parameters, *, size=32, has="", steps=20, rate=1e-3, **arguments):
    """An `Architecture` of keras.applications."""

    def make():
        return getattr(keras.applications, name)(
            weights=None,
            input_shape=(size, size, 3),
            classes=CLASSES,
            classifier_activation=None,
            **arguments,
        )

    return Architecture(make, images(size), parameters, has, steps, rate)


def small_convnext(drop_path_rate=0.3):
    """ConvNeXtTiny takes 30 s to trace; the same blocks, fewer of them."""
    from keras.src.applications.convnext import ConvNeXt

    return ConvNeXt(
        depths=(1, 1, 2, 1),
        projection_dims=(16, 32, 48, 64),
        drop_path_rate=drop_path_rate,
        default_size=32,
        weights=None,
        input_shape=(32, 32, 3),
        classes=CLASSES,
        classifier_activation=None,
        name="small_convnext",
    )


def thawed(name, trainable, **arguments):
    """A network of which only the last layers train, as many as `trainable`."""
    whole = application(name, **arguments)

    def make():
        model = whole.make()
        for layer in model.layers[:-trainable]:
            layer.trainable = False
        return model

    return whole._replace(make=make)


APPLICATIONS = {
    "MobileNet, alpha 0.25": application("MobileNet", 219_829, alpha=0.25, has="dropout"),
    "MobileNet, last blocks thawed": thawed(
        "MobileNet", 20, parameters=219_829, alpha=0.25, has="frozen layers and statistics"
    ),
    "MobileNetV2, alpha 0.35": application("MobileNetV2", 416_613, alpha=0.35),
    "MobileNetV3Small": application(
        "MobileNetV3Small", 1_535_093, has="squeeze and excitation, dropout"
    ),
    "EfficientNetB0": application(
        "EfficientNetB0", 4_055_976, has="Normalization, stochastic depth"
    ),
    "EfficientNetV2B0": application("EfficientNetV2B0", 5_925_717, has="stochastic depth"),
    "ResNet50": application("ResNet50", 23_597_957),
    "ResNet50V2": application("ResNet50V2", 23_575_045),
    "DenseNet121": application("DenseNet121", 7_042_629),
    "NASNetMobile": application("NASNetMobile", 4_275_001),
    "Xception": application("Xception", 20_871_725, size=71, has="separable convolutions"),
    "InceptionV3": application("InceptionV3", 21_813_029, size=75),
    "VGG16": application("VGG16", 33_617_733),
    "ConvNeXt, depths 1 1 2 1": Architecture(
        small_convnext, images(32), 114_021, "LayerScale, stochastic depth"
    ),
}

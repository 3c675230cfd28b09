"""Which networks of keras.applications are tried, and how.

Without weights, which would be fetched, and at the smallest images that each takes.
"""

import keras

from tests.training.architecture import BATCH, CLASSES, Architecture, images


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
    """A network behind its preprocessing; only the last layers train, as many as `trainable`."""
    whole = application(name, **arguments)

    def make():
        model = whole.make()
        for layer in model.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.momentum = 0.0
        noise = keras.random.uniform((BATCH, *model.input_shape[1:]), -1.0, seed=1)
        model(noise, training=True)  # so that the statistics let something through
        for layer in model.layers[:-trainable]:
            layer.trainable = False
        pixels = keras.Input(model.input_shape[1:])
        scaled = keras.applications.mobilenet.preprocess_input(pixels)
        return keras.Model(pixels, model(scaled))

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
    "EfficientNetV2B0": application(
        "EfficientNetV2B0", 5_925_717, steps=10, has="stochastic depth"
    ),
    "ResNet50": application("ResNet50", 23_597_957),
    "ResNet50V2": application("ResNet50V2", 23_575_045),
    "DenseNet121": application("DenseNet121", 7_042_629, steps=10),
    "NASNetMobile": application("NASNetMobile", 4_275_001, steps=5),
    "Xception": application("Xception", 20_871_725, steps=10, size=71, has="separable"),
    "InceptionV3": application("InceptionV3", 21_813_029, steps=10, size=75),
    "VGG16": application("VGG16", 33_617_733),
    "ConvNeXt, depths 1 1 2 1": Architecture(
        small_convnext, images(32), 114_021, "LayerScale, stochastic depth"
    ),
}

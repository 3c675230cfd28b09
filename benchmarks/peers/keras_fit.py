"""Keras fit. Variants: default, as users write it; jit and graph: tf.data and 32 steps per call.

The last two also enable oneDNN, which TensorFlow leaves off on processors without AVX-512.
"""

import json
import os
import pathlib
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if "--variant=default" not in sys.argv:
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import command_line
import keras
import tensorflow as tf
import workloads

OPTIONS = {
    "default": {},
    "graph": {"steps_per_execution": 32, "jit_compile": False},
    "jit": {"steps_per_execution": 32, "jit_compile": True},
}


def mlp():
    return keras.Sequential([keras.layers.Dense(128, activation="relu"), keras.layers.Dense(10)])


def cnn():
    return keras.Sequential(
        [
            keras.layers.Conv2D(32, 3, activation="relu"),
            keras.layers.Conv2D(64, 3, activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dense(10),
        ]
    )


def resnet20(shape=(32, 32, 3)):
    def convolution(x, filters, strides=1):
        x = keras.layers.Conv2D(filters, 3, strides, padding="same", use_bias=False)(x)
        return keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)

    inputs = keras.Input(shape)
    x = keras.layers.ReLU()(convolution(inputs, 16))
    for stage in range(3):
        for block in range(3):
            strides, filters = (2 if stage and not block else 1), 16 * 2**stage
            y = keras.layers.ReLU()(convolution(x, filters, strides))
            y = convolution(y, filters)
            if strides > 1:
                x = keras.layers.AveragePooling2D(1, 2)(x)
                x = keras.layers.Concatenate()([x, keras.layers.Lambda(tf.zeros_like)(x)])
            x = keras.layers.ReLU()(keras.layers.Add()([x, y]))
    return keras.Model(inputs, keras.layers.Dense(10)(keras.layers.GlobalAveragePooling2D()(x)))


class EpochTimes(keras.callbacks.Callback):
    """Seconds of each epoch."""

    def on_train_begin(self, logs=None):
        self.seconds = []

    def on_epoch_begin(self, epoch, logs=None):
        self._begin = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds.append(time.monotonic() - self._begin)


def main():
    parser = command_line.Parser(__doc__)
    workloads.add_arguments(parser, OPTIONS)
    flags = parser.parse_args()
    workloads.skip_if_lacking(flags.precision)
    workload = workloads.WORKLOADS[flags.workload]
    if flags.precision == "bfloat16":
        keras.config.set_dtype_policy("mixed_bfloat16")
    x, y = workloads.read_arrays(flags.arrays, workloads.examples_in_epoch(workload))
    model = {"mlp": mlp, "cnn": cnn, "resnet20": resnet20}[workload.model]()
    model.compile(
        optimizer=keras.optimizers.Adam(workloads.LEARNING_RATE),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        **OPTIONS[flags.variant],
    )
    times = EpochTimes()
    epochs = {"epochs": 4, "verbose": 0, "callbacks": [times]}
    if flags.variant == "default":
        model.fit(x, y, batch_size=workload.batch_size, **epochs)
        count = len(x)
    else:
        steps = len(x) // workload.batch_size // 32 * 32 or len(x) // workload.batch_size
        data = tf.data.Dataset.from_tensor_slices((x, y)).cache().shuffle(len(x)).repeat()
        data = data.batch(workload.batch_size, drop_remainder=True).prefetch(tf.data.AUTOTUNE)
        model.fit(data, steps_per_epoch=steps, **epochs)
        count = steps * workload.batch_size
    print(json.dumps({"examples_per_second": count / sorted(times.seconds[1:])[1]}))


if __name__ == "__main__":
    main()

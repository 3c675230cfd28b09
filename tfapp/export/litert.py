"""model.tflite for LiteRT (formerly TensorFlow Lite), in float32: from encoded features to outputs.

Needs the extra `litert`. Its one signature is `core` of `tfapp.export.signatures`.
"""

import tensorflow as tf

from tfapp.export.core_exporter import CoreExporter
from tfapp.export.signatures import from_numbers

FILE = "model.tflite"


class LiteRTExporter(CoreExporter):
    """Written by TensorFlow's converter, read by LiteRT's interpreter."""

    name = "litert"

    def write(self, servable, folder):
        root = tf.Module()
        root.weights = [*servable.trainable_weights, *servable.other_weights]
        function = from_numbers(servable)
        converter = tf.lite.TFLiteConverter.from_concrete_functions([function], root)
        (folder / FILE).write_bytes(converter.convert())

    def load(self, folder):
        from ai_edge_litert.interpreter import Interpreter

        run = Interpreter(model_path=str(folder / FILE)).get_signature_runner()
        return lambda arguments: run(**arguments)

"""model.tflite for LiteRT (formerly TensorFlow Lite), from encoded features to outputs.

Needs the extra `litert`. Its one signature is `core` of `tfapp.export.signatures`; inputs and
outputs have the same types in every format:

    litert           float32
    litert_float16   weights in float16, arithmetic in float32
    litert_dynamic   weights in int8; products in int8, whose other factor is rounded as it comes
    litert_int8      weights and activations in int8, by ranges seen on examples of train; of tables
                     and texts the factors of products alone: 256 steps are too few for a column
                     of numbers and for what normalises a network's activations

TensorFlow's converter quantises. litert-quantizer 0.11 makes the same dynamic format; of its int8
one the answers of the digits agree with float32 less often (94% against 97.5%), its outputs are
int8, and it pins one version of ai-edge-litert.
"""

import contextlib
import re
import warnings

import numpy as np
import tensorflow as tf

from tfapp.errors import UsageError
from tfapp.export.core_exporter import CoreExporter, LossyExporter
from tfapp.export.signatures import OUTPUTS, from_numbers
from tfapp.runtime.quiet_stderr import quiet_stderr

FILE = "model.tflite"
# Of the converter's pages: an operation, and the type of its first argument, such as i64.
_REFUSED = re.compile(r"^\s+(tf\.\w+)\(tensor<(?:[^<>,]*x)?(\w+)[,>]", re.MULTILINE)

# Operations that stay in float32 where products alone are rounded.
_EXACT = [
    "ABS", "ADD", "ADD_N", "ARG_MAX", "AVERAGE_POOL_2D", "CAST", "COS", "CUMSUM", "DIV", "ELU",
    "EQUAL", "EXP", "FILL", "GELU", "GREATER", "GREATER_EQUAL", "HARD_SWISH", "L2_NORMALIZATION",
    "LEAKY_RELU", "LESS", "LESS_EQUAL", "LOG", "LOGISTIC", "LOG_SOFTMAX", "MAXIMUM", "MEAN",
    "MINIMUM", "MUL", "NEG", "NOT_EQUAL", "ONE_HOT", "POW", "PRELU", "REDUCE_MAX", "REDUCE_MIN",
    "REDUCE_PROD", "RELU", "RELU6", "RSQRT", "SELECT", "SELECT_V2", "SIGN", "SIN", "SOFTMAX",
    "SQRT", "SQUARE", "SQUARED_DIFFERENCE", "SUB", "SUM", "TANH",
    # These move numbers. If the numbers of a column were rounded to be moved into a product, what
    # else is made of the column would see them rounded, steep steps between neighbours among it.
    "BROADCAST_TO", "CONCATENATION", "EXPAND_DIMS", "PACK", "PAD", "PADV2",
    "RESHAPE", "SLICE", "SPLIT", "SPLIT_V", "SQUEEZE", "STRIDED_SLICE", "TILE", "TRANSPOSE",
    "UNPACK",
]  # fmt: skip


class LiteRTExporter(CoreExporter):
    """Written by TensorFlow's converter, read by LiteRT's interpreter."""

    name = "litert"
    runtime = "LiteRT"
    usage = (
        "from ai_edge_litert.interpreter import Interpreter\n"
        f'run = Interpreter(model_path="{FILE}").get_signature_runner()\n'
        f'outputs = run(**inputs)["{OUTPUTS}"]'
    )

    def write(self, servable, folder):
        servable = servable.in_float32
        root = tf.Module()
        root.weights = [*servable.trainable_weights, *servable.other_weights]
        converter = tf.lite.TFLiteConverter.from_concrete_functions([from_numbers(servable)], root)
        with _refusals():
            content = self._convert(converter, servable)
        (folder / FILE).write_bytes(content)

    def load(self, folder):
        from ai_edge_litert.interpreter import Interpreter

        return _Runner(Interpreter(model_path=str(folder / FILE), num_threads=1))

    def _convert(self, converter, servable):
        """The file's bytes."""
        del servable
        return converter.convert()


class Float16LiteRTExporter(LossyExporter, LiteRTExporter):
    """Half the size."""

    name = "litert_float16"
    tolerance = 0.05  # edges of the bins of a table's columns are rounded as well

    def _convert(self, converter, servable):
        converter.target_spec.supported_types = [tf.float16]
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        return super()._convert(converter, servable)


class DynamicLiteRTExporter(LossyExporter, LiteRTExporter):
    """A quarter of the size."""

    name = "litert_dynamic"
    tolerance = 0.1

    def _convert(self, converter, servable):
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        return super()._convert(converter, servable)


class Int8LiteRTExporter(LossyExporter, LiteRTExporter):
    """A quarter of the size, for processors that have integers only."""

    name = "litert_int8"
    tolerance = 0.25
    calibrates = True

    def _convert(self, converter, servable):
        arguments = {servable.argument_names[n]: v for n, v in servable.calibration.items()}
        count = len(next(iter(arguments.values())))

        def rows():
            for i in range(count):
                yield {name: np.asarray(array[i : i + 1]) for name, array in arguments.items()}

        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = rows
        # What has no int8 form stays in float32.
        converter.target_spec.supported_ops = [
            tf.lite.OpsSet.TFLITE_BUILTINS_INT8,
            tf.lite.OpsSet.TFLITE_BUILTINS,
        ]
        if all(feature.kind == "image" for feature in servable.spec.features):
            return converter.convert()
        options = tf.lite.experimental.QuantizationDebugOptions(denylisted_ops=_EXACT)
        debugger = tf.lite.experimental.QuantizationDebugger(
            converter=converter, debug_dataset=rows, debug_options=options
        )
        return debugger.get_nondebug_quantized_model()


class _Runner:
    """Runs a model; tensors are allocated anew only where the size of a batch changes."""

    def __init__(self, interpreter):
        self._interpreter = interpreter
        signature = interpreter.get_signature_runner()
        self._inputs = {n: d["index"] for n, d in signature.get_input_details().items()}
        self._output = signature.get_output_details()[OUTPUTS]["index"]
        self._shapes = {}

    def __call__(self, arguments):
        arguments = {name: np.asarray(value) for name, value in arguments.items()}
        shapes = {name: value.shape for name, value in arguments.items()}
        if shapes != self._shapes:
            for name, shape in shapes.items():
                self._interpreter.resize_tensor_input(self._inputs[name], shape)
            with quiet_stderr():  # the first time, it names the library of kernels that it uses
                self._interpreter.allocate_tensors()
            self._shapes = shapes
        for name, value in arguments.items():
            self._interpreter.set_tensor(self._inputs[name], value)
        self._interpreter.invoke()
        return {OUTPUTS: self._interpreter.get_tensor(self._output)}


@contextlib.contextmanager
def _refusals():
    """Inside, a model is converted. Raises UsageError for one that LiteRT cannot hold."""
    try:
        # It warns of interpreters that it uses itself, and of names of inputs that it keeps.
        with quiet_stderr(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except Exception as error:  # a ConverterError, or what MLIR raises: pages of a graph
        refused = sorted({f"{name} of {kind}" for name, kind in _REFUSED.findall(str(error))})
        if not refused:
            raise
        raise UsageError(f"LiteRT does not have {', '.join(refused)}") from error

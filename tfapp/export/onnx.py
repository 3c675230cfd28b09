"""model.onnx for ONNX Runtime and others, in float32: from encoded features to outputs.

Needs the extra `onnx`. Inputs and output are those of `core` of `tfapp.export.signatures`.
"""

import numpy as np
import tensorflow as tf

from tfapp.export.core_exporter import CoreExporter
from tfapp.export.signatures import OUTPUTS

FILE = "model.onnx"
_OPSET = 18


class ONNXExporter(CoreExporter):
    """Written by tf2onnx, read by ONNX Runtime."""

    name = "onnx"
    runtime = "ONNX Runtime"
    usage = (
        f'import onnxruntime\nsession = onnxruntime.InferenceSession("{FILE}")\n'
        f'(outputs,) = session.run(["{OUTPUTS}"], inputs)'
    )

    def write(self, servable, folder):
        import tf2onnx

        specs, exact = servable.encoded_specs, servable.in_float32

        def core(*arguments):
            return {OUTPUTS: exact.numeric(dict(zip(specs, arguments, strict=True)))}

        tf2onnx.convert.from_function(
            tf.function(core, autograph=False),
            input_signature=list(specs.values()),
            opset=_OPSET,
            output_path=str(folder / FILE),
            custom_op_handlers={"Erfc": (_erfc, [])},
        )

    def load(self, folder):
        import onnxruntime

        session = onnxruntime.InferenceSession(
            str(folder / FILE), providers=["CPUExecutionProvider"]
        )
        return lambda arguments: {OUTPUTS: session.run([OUTPUTS], arguments)[0]}


def _erfc(graph, node, name, arguments):
    """1 - erf(x), for Keras's exact gelu; tf2onnx 1.17 leaves the operation as it is."""
    del name, arguments
    (x,), outputs, shapes, dtypes = node.input, node.output, node.output_shapes, node.output_dtypes
    graph.remove_node(node.name)
    one = graph.make_const(f"{node.name}/one", np.array(1, np.float32))
    erf = graph.make_node("Erf", [x])
    both = [one.output[0], erf.output[0]]
    return graph.make_node("Sub", both, outputs=outputs, shapes=shapes, dtypes=dtypes)

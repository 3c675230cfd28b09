"""model.onnx for ONNX Runtime and others, in float32: from encoded features to outputs.

Needs the extra `onnx`. Inputs and output are those of `core` of `tfapp.export.signatures`.
"""

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
        )

    def load(self, folder):
        import onnxruntime

        session = onnxruntime.InferenceSession(
            str(folder / FILE), providers=["CPUExecutionProvider"]
        )
        return lambda arguments: {OUTPUTS: session.run([OUTPUTS], arguments)[0]}

"""The Open Inference Protocol, version 2, over REST, as KServe and Triton speak it.

https://kserve.github.io/website/docs/concepts/architecture/data-plane/v2-protocol. Every function
here is from JSON to JSON, without HTTP. Tensors may be binary, as Triton's clients send them: see
`binary_tensors`.
"""

import math

import numpy as np

import tfapp
from tfapp.registry import suggest
from tfapp.serving import json_text
from tfapp.serving.errors import bad
from tfapp.serving.json_text import shown
from tfapp.serving.rest import Request
from tfapp.serving.values import numbers_as, to_array

_BYTES = "BYTES"
# Names of types -> those of TensorFlow.
DATATYPES = {
    "BOOL": "bool",
    "UINT8": "uint8", "UINT16": "uint16", "UINT32": "uint32", "UINT64": "uint64",
    "INT8": "int8", "INT16": "int16", "INT32": "int32", "INT64": "int64",
    "FP16": "float16", "BF16": "bfloat16", "FP32": "float32", "FP64": "float64",
    _BYTES: "string",
}  # fmt: skip
_NAMES = {kind: name for name, kind in DATATYPES.items()}
_LARGEST = 2**31  # values of a tensor


def server_metadata():
    """JSON of the server's own metadata."""
    return {"name": "tfapp", "version": tfapp.__version__, "extensions": ["binary_tensor_data"]}


def model_metadata(version, model_name):
    """JSON of the model's inputs and outputs."""
    signature = version.default
    return {
        "name": model_name,
        "versions": [str(version.number)],
        "platform": "tensorflow_savedmodel",
        "inputs": [
            _tensor(argument, taken.dtype, taken.shape)
            for argument, taken in signature.inputs.items()
        ],
        "outputs": [
            _tensor(output, spec.dtype, spec.shape[1:])
            for output, spec in signature.outputs.items()
        ],
    }


def read_infer(body, version):
    """The request of /infer.

    Args:
      body: JSON. "data" of an input may be bytes: those of a binary tensor.
      version: a `Version`.

    Returns:
      a `Request`.

    Raises:
      RequestError: a field or a value is not as it must be.
    """
    if not isinstance(body, dict):
        raise bad(f"the body is {shown(body)} where an object is needed")
    tensors = _by_name(body.get("inputs"), "inputs")
    _check_id(body)
    signature = version.default
    if version.of_images and any(t.get("datatype") == _BYTES for t in tensors.values()):
        signature = version.of_images
    arrays = {}
    for name, tensor in tensors.items():
        taken = signature.by_name(name)
        if taken is None:
            known = [taken.name for taken in signature.inputs.values()]
            raise bad(
                f"inputs: {shown(name)} is no input{suggest(name, known)} (inputs: "
                f"{', '.join(known)})"
            )
        arrays[taken.argument] = _array(tensor, taken, f"inputs[{shown(name)}]")
    for argument, taken in signature.inputs.items():
        if argument not in arrays:
            raise bad(f"inputs: has no {shown(taken.name)}")
    counts = {len(array) for array in arrays.values()}
    if len(counts) > 1 or 0 in counts:
        raise bad("inputs: the tensors must have the same length above 0")
    _check_outputs(body, signature)
    return Request(signature, arrays, counts.pop())


def infer_answer(version, name, body, answers):
    """JSON of the answers, name -> NumPy [count, ...], to the request `body`.

    "data" of each output is an array [count, ...]; see `flat`.
    """
    wanted = [output["name"] for output in body.get("outputs") or ()] or list(answers)
    found = {
        "model_name": name,
        "model_version": str(version.number),
        "outputs": [
            {
                "name": output,
                "shape": list(answers[output].shape),
                "datatype": _datatype(answers[output].dtype),
                "data": answers[output],
            }
            for output in wanted
        ],
    }
    return {"id": body["id"], **found} if body.get("id") else found


def flat(array):
    """The "data" of a tensor in JSON: a list of its values, row by row."""
    return json_text.plain(array.reshape(-1))


def _datatype(dtype):
    return _BYTES if dtype.kind == "O" else _NAMES[np.dtype(dtype).name]


def _tensor(name, dtype, shape):
    sizes = [-1, *(-1 if size is None else size for size in shape)]
    return {"name": name, "datatype": _NAMES[dtype.name], "shape": sizes}


def _by_name(tensors, field):
    """Name -> tensor, of a list of objects. Raises RequestError."""
    if not isinstance(tensors, list) or not tensors:
        raise bad(f"{field}: {shown(tensors)} where a list of at least one tensor is needed")
    found = {}
    for i, tensor in enumerate(tensors):
        if not isinstance(tensor, dict) or not isinstance(tensor.get("name"), str):
            raise bad(f'{field}[{i}]: an object with the string "name" is needed')
        if tensor["name"] in found:
            raise bad(f"{field}: {shown(tensor['name'])} is given twice")
        found[tensor["name"]] = tensor
    return found


def _check_id(body):
    if not isinstance(body.get("id", ""), str):
        raise bad(f"id: {shown(body['id'])} where a string is needed")


def _check_outputs(body, signature):
    outputs = body.get("outputs")
    if outputs in (None, []):
        return
    for name in _by_name(outputs, "outputs"):
        if name not in signature.outputs:
            known = list(signature.outputs)
            raise bad(
                f"outputs: {shown(name)} is no output{suggest(name, known)} (outputs: "
                f"{', '.join(known)})"
            )


def _array(tensor, taken, where):
    """One tensor as an array [count, ...]. Raises RequestError."""
    datatype = tensor.get("datatype")
    if not isinstance(datatype, str) or datatype not in DATATYPES:
        raise bad(f"{where}.datatype: {shown(datatype)} is unknown (one of {', '.join(DATATYPES)})")
    wanted = _BYTES if taken.is_image else _NAMES[taken.dtype.name]
    if (datatype == _BYTES) != (wanted == _BYTES):
        raise bad(f"{where}.datatype: {datatype} where {wanted} is needed")
    shape = _shape(tensor, where)
    data = tensor.get("data")
    values = data if isinstance(data, np.ndarray) else _flattened(data, where)
    if len(values) != math.prod(shape):
        raise bad(
            f"{where}.data: has {len(values)} values, the shape {shape} is of {math.prod(shape)}"
        )
    if wanted != _BYTES:
        fast = numbers_as(values, shape, taken)
        if fast is not None:
            return fast
    rows = _nested(list(values), shape[1:]) if shape[1:] else list(values)
    return to_array(rows, taken, lambda i: f"{where}.data, example {i}")


def _shape(tensor, where):
    shape = tensor.get("shape")
    sizes = isinstance(shape, list) and 0 < len(shape) <= 16
    if not sizes or not all(type(size) is int and 0 <= size < _LARGEST for size in shape):
        raise bad(f"{where}.shape: {shown(shape)} where a list of whole numbers is needed")
    if not 0 < math.prod(shape) < _LARGEST:
        raise bad(f"{where}.shape: {shape} holds no value, or too many")
    return shape


def _flattened(data, where):
    """The values of nested lists, row by row. Raises RequestError."""
    if not isinstance(data, list):
        raise bad(f"{where}.data: {shown(data)} where a list is needed")
    depth = 0
    while any(isinstance(part, list) for part in data):
        depth += 1
        if depth > 16 or not all(isinstance(part, list) for part in data):
            raise bad(f"{where}.data: its lists differ in depth, or are nested too deep")
        data = [value for part in data for value in part]
    return data


def _nested(values, shape):
    """A flat list as nested lists of the shape [n, *shape]."""
    for size in reversed(shape):
        values = [values[i : i + size] for i in range(0, len(values), size)]
    return values

"""Triton's binary tensors: a body of JSON, followed by the values of tensors as they lie in memory.

https://github.com/triton-inference-server/server, protocol/extension_binary_data. A header of the
request gives the length of the JSON, parameters of each tensor the length of its values.
"""

import struct

import numpy as np

from tfapp.serving.errors import bad
from tfapp.serving.json_text import dumps, loads, shown
from tfapp.serving.open_inference import DATATYPES, flat

HEADER = "inference-header-content-length"
_SIZE, _WANTED, _ALL_WANTED = "binary_data_size", "binary_data", "binary_data_output"


def read(body, header):
    """The JSON of a body, with arrays for "data" of binary tensors.

    Args:
      body: bytes.
      header: the value of `HEADER`; None: the body is JSON alone.

    Raises:
      RequestError: lengths do not fit.
    """
    if header is None:
        return loads(body)
    if not header.isdecimal() or not header.isascii() or int(header[:12]) > len(body):
        raise bad(f"{HEADER}: {shown(header)} is no number up to {len(body)}, the body's length")
    length = int(header)
    value, rest = loads(body[:length]), memoryview(body)[length:]
    inputs = value.get("inputs") if isinstance(value, dict) else None
    for tensor in inputs if isinstance(inputs, list) else ():
        size = _parameters(tensor).get(_SIZE)
        if size is None:
            continue
        if type(size) is not int or not 0 <= size <= len(rest):
            raise bad(
                f"{_SIZE}: {shown(size)} is no number up to {len(rest)}, what the body has left"
            )
        tensor["data"] = _values(tensor, rest[:size])
        rest = rest[size:]
    if len(rest):
        raise bad(f"the body has {len(rest)} bytes that belong to no tensor")
    return value


def write(answer, request):
    """(body, length of its JSON or None) of an answer whose "data" are arrays.

    Args:
      answer: of `open_inference.infer_answer`.
      request: the JSON that it is for, which asks for binary outputs or does not.
    """
    by_default = _parameters(request).get(_ALL_WANTED) is True
    wanted = {o["name"]: _parameters(o) for o in request.get("outputs") or ()}
    parts = []
    for output in answer["outputs"]:
        if wanted.get(output["name"], {}).get(_WANTED, by_default) is True:
            parts.append(_bytes_of(output.pop("data")))
            output["parameters"] = {_SIZE: len(parts[-1])}
        else:
            output["data"] = flat(output["data"])
    text = dumps(answer)
    return (b"".join([text, *parts]), len(text)) if parts else (text, None)


def _parameters(value):
    found = value.get("parameters") if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def _values(tensor, data):
    datatype = tensor.get("datatype")
    kind = DATATYPES.get(datatype) if isinstance(datatype, str) else None
    if kind == "string":
        return _texts(data)
    if kind is None or kind == "bfloat16":
        raise bad(f"datatype: {shown(datatype)} cannot be binary; send it as JSON, or as FP32")
    width = np.dtype(kind).itemsize
    if len(data) % width:
        raise bad(f"{_SIZE}: {len(data)} bytes are no whole number of {datatype} values")
    return np.frombuffer(data, kind)


def _texts(data):
    """Each text follows its length, four bytes."""
    found, at = [], 0
    while at < len(data):
        if len(data) - at < 4:
            raise bad(f"{_SIZE}: the last text has no length")
        (length,) = struct.unpack_from("<I", data, at)
        at += 4
        if length > len(data) - at:
            raise bad(f"{_SIZE}: a text of {length} bytes is longer than what is left")
        found.append(bytes(data[at : at + length]))
        at += length
    array = np.empty(len(found), object)
    array[:] = found
    return array


def _bytes_of(array):
    if array.dtype != object:
        return np.ascontiguousarray(array).tobytes()
    texts = [text if isinstance(text, bytes) else str(text).encode() for text in array.ravel()]
    return b"".join(struct.pack("<I", len(text)) + text for text in texts)

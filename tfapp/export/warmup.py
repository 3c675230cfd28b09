"""Requests that TensorFlow Serving sends to a new version before it answers others.

Its file holds a PredictionLog of tensorflow_serving.apis a record. Those messages come with the
package tensorflow-serving-api, for which nobody who trains has a use, so the few fields that are
needed are written here by themselves; https://protobuf.dev/programming-guides/encoding.
"""

import pathlib

import tensorflow as tf

FILE = pathlib.Path("assets.extra", "tf_serving_warmup_requests")
# Numbers of fields, in prediction_log.proto, predict.proto and model.proto.
_PREDICT_LOG, _REQUEST = 6, 1
_MODEL_SPEC, _INPUTS = 1, 2
_SIGNATURE_NAME = 3
_KEY, _VALUE = 1, 2  # of an entry of a map


def write_requests(folder, requests):
    """Writes the file of a SavedModel.

    Args:
      folder: pathlib.Path of the SavedModel.
      requests: pairs of a signature and its arguments, name -> array [batch, ...].
    """
    with tf.io.TFRecordWriter(str(folder / FILE)) as writer:
        for signature, arguments in requests:
            writer.write(_prediction_log(signature, arguments))


def _prediction_log(signature, arguments):
    request = _field(_MODEL_SPEC, _field(_SIGNATURE_NAME, signature.encode()))
    for name, values in arguments.items():
        tensor = tf.make_tensor_proto(values).SerializeToString(deterministic=True)
        request += _field(_INPUTS, _field(_KEY, name.encode()) + _field(_VALUE, tensor))
    return _field(_PREDICT_LOG, _field(_REQUEST, request))


def _field(number, content):
    """A field of a length and so many bytes."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value):
    found = b""
    while value > 0x7F:
        found += bytes([value & 0x7F | 0x80])
        value >>= 7
    return found + bytes([value])

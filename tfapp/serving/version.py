"""One version of an export, as it is served: its signatures, its card, and what is shown of it."""

import logging
import pathlib

import numpy as np
import tensorflow as tf
from google.protobuf import json_format
from tensorflow.core.protobuf import saved_model_pb2

from tfapp.errors import DataError
from tfapp.export import card as cards
from tfapp.export.served_model import ServedModel
from tfapp.export.signatures import CLASSIFY, REGRESS
from tfapp.flag_values import number_of_name
from tfapp.runtime import json_files
from tfapp.runtime.json_shape import ANY, Each, Maybe
from tfapp.serving import rest
from tfapp.serving.batcher import padded_size
from tfapp.serving.errors import RequestError
from tfapp.serving.signature import signature_of
from tfapp.spec import SERVING_BYTES, SERVING_DEFAULT

_LOG = logging.getLogger("tfapp")
_CARD = {"example": Maybe({"request": Each(ANY)})}  # what is used of a card


class Version:
    """One loaded version.

    Attributes:
      number: of its folder.
      card: of model_card.json, a dict; empty if there is none.
      class_names: in the order of the probabilities; empty: not known.
      signatures: name -> `Signature`, of those that take features or numbers.
      kinds: of the requests that are answered: "predict", and "classify" or "regress".
      signature_def: the SavedModel's own description of its signatures, JSON.
    """

    def __init__(self, path):
        """Reads the version at `path`. Raises DataError."""
        path = pathlib.Path(path)
        self.number = number_of_name(path.name)
        model = ServedModel(path)
        self.class_names = model.class_names
        self.card = _card(path)
        self._model = model  # kept: its functions do not keep it
        functions = model.functions
        self.kinds = ("predict", *(kind for kind in (CLASSIFY, REGRESS) if kind in functions))
        self.signatures = {
            name: signature_of(name, function, model.features, images=name == SERVING_BYTES)
            for name, function in functions.items()
            if name not in (CLASSIFY, REGRESS)
        }
        self.signature_def = _signature_def(path)

    @property
    def default(self):
        """The `Signature` of raw features."""
        return self.signatures[SERVING_DEFAULT]

    @property
    def of_images(self):
        """The `Signature` of encoded images; None if the model has no such one."""
        return self.signatures.get(SERVING_BYTES)

    def warm_up(self, largest):
        """Answers a request of every size that batches are padded to; answers are discarded."""
        for signature, arrays in self._examples():
            count = 1
            while count <= largest and (count == 1 or signature.has_batches):
                signature({name: np.repeat(a, count, axis=0) for name, a in arrays.items()})
                if count == largest:
                    break
                count = padded_size(count + 1, largest)

    def _examples(self):
        """Pairs of a signature and its arguments, arrays [1, ...]."""
        request = self.card.get("example", {}).get("request")
        if request:
            try:
                found = rest.read_predict(request, self)
                yield found.signature, found.arrays
            except RequestError as error:
                _LOG.warning("serve: the card's example cannot be sent: %s", error.message)
        yield self.default, {name: _blank(taken) for name, taken in self.default.inputs.items()}


def load(path, *, largest):
    """The `Version` at `path`, warmed up for batches of up to `largest`. Raises DataError."""
    version = Version(path)
    version.warm_up(largest)
    return version


def _blank(taken):
    """Zeros or empty texts, [1, ...], where nothing better is known."""
    shape = (1, *(size or 1 for size in taken.shape))
    if taken.dtype == tf.string:
        return np.full(shape, b"", object)
    return np.zeros(shape, taken.dtype.as_numpy_dtype)


def _card(path):
    try:
        return json_files.read(path / cards.JSON, _CARD)
    except FileNotFoundError:  # an export of tfapp 0.1
        return {}
    except (json_files.Damaged, OSError) as error:
        raise DataError(f"{path / cards.JSON}: {error}; export it again") from error


def _signature_def(path):
    """Signature -> SignatureDef as JSON, as TensorFlow Serving shows it."""
    model = saved_model_pb2.SavedModel.FromString((path / "saved_model.pb").read_bytes())
    return {
        name: json_format.MessageToDict(
            signature,
            preserving_proto_field_name=True,
            always_print_fields_with_no_presence=True,
        )
        for name, signature in model.meta_graphs[0].signature_def.items()
        if not name.startswith("__")
    }

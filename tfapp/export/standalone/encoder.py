"""Raw columns -> what the model next to this file takes. Needs NumPy alone.

    from encoder import Encoder

    inputs = Encoder().encode({"age": [38, None], "town": ["Zug", ""]})

gives the model's arguments, name -> array. A value that is missing is None, NaN or an empty string.
encoder.json, next to this file, holds what was fitted on the training data.
"""

import json
import math
import pathlib

import numpy as np

from tfapp.export.standalone.dates import read_date
from tfapp.export.standalone.fingerprint import fingerprint
from tfapp.export.standalone.texts import ids_of_pieces, token_ids

_FORMAT = 1


class Encoder:
    """Encodes the columns of one model."""

    def __init__(self, path=None):
        """`path`: of the JSON file; None: encoder.json next to this file."""
        path = path or pathlib.Path(__file__).with_name("encoder.json")
        with open(path, encoding="utf-8") as file:
            fitted = json.load(file)
        if fitted["format"] != _FORMAT:
            raise ValueError(f"{path}: is of format {fitted['format']}, not {_FORMAT}")
        self._dates = fitted["dates"]
        self._features = fitted["features"]
        self._ids = {feature["name"]: _ids(feature) for feature in self._features}

    def encode(self, columns):
        """Encodes rows.

        Args:
          columns: name of a feature -> list or array of its values, one a row.

        Returns:
          argument of the model -> array [rows, ...].

        Raises:
          ValueError: a column is missing, or holds what the model cannot take; the message names
            it.
        """
        encoded = {}
        for feature in self._features:
            name = feature["name"]
            if name not in columns:
                raise ValueError(f"column {name!r} is missing")
            try:
                encoded[feature["argument"]] = self._encode(feature, columns[name])
            except (TypeError, ValueError) as error:
                raise ValueError(f"column {name!r}: {error}") from error
        return encoded

    def _encode(self, feature, values):
        kind, ids = feature["kind"], self._ids[feature["name"]]
        if kind == "given":
            return _given(values, feature)
        if kind in ("categories", "hashed"):
            code = _category if kind == "categories" else _hashed
            found = [code(text, ids, feature) for text in map(_text, values)]
            return np.array(found, np.int32)
        if kind == "dates":
            days = [read_date(_text(value), feature["forms"], self._dates) for value in values]
            return np.array(days, np.float32).reshape(-1, 2)
        if kind == "tokens":
            return token_ids([_text(value) for value in values], ids, feature)
        numbers = _numbers(values, feature)
        if kind == "codes":
            return _codes(numbers, feature)
        if feature.get("codes"):  # numbers that stand for a missing one
            codes = np.array(feature["codes"], numbers.dtype)
            return np.where(np.isin(numbers, codes), np.nan, numbers).astype(numbers.dtype)
        return numbers


def _ids(feature):
    """What a text is looked up in, made once: a vocabulary may have 100,000 of them."""
    if feature["kind"] == "tokens":
        return ids_of_pieces(feature)
    if feature["kind"] in ("categories", "hashed"):
        return {value: i for i, value in enumerate(feature["values"])}
    return {}


def _text(value):
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    missing = value is None or (isinstance(value, float) and math.isnan(value))
    return "" if missing else str(value)


def _numbers(values, feature):
    """[rows, *shape] of the feature's type; what is missing is NaN."""
    dtype = np.dtype(feature["dtype"])
    if not isinstance(values, np.ndarray) and not feature["shape"]:
        values = [math.nan if value is None or value == "" else value for value in values]
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        array = array.astype(np.float64)  # of numbers written as strings
    if array.dtype.kind == "f" and dtype.kind != "f" and not np.isfinite(array).all():
        raise ValueError(f"a value is missing or infinite, which {dtype} cannot be")
    if list(array.shape[1:]) != feature["shape"]:
        raise ValueError(f"has the shape {list(array.shape[1:])}, not {feature['shape']}")
    return array.astype(dtype)


def _given(values, feature):
    array, dtype, shape = np.asarray(values), np.dtype(feature["dtype"]), feature["shape"]
    if (
        array.dtype.kind not in ("f" if dtype.kind == "f" else "iu")
        or list(array.shape[1:]) != shape
    ):
        raise ValueError(f"{feature['why']}, {dtype} [rows, {shape[0]}]")
    return array.astype(dtype)


def _category(text, ids, feature):
    del feature
    return ids.get(text, -1) + 1


def _hashed(text, ids, feature):
    if text in ids:
        return ids[text] + feature["buckets"]
    data = text.encode("utf-8", "surrogateescape")
    return fingerprint(data) % (2**63 - 1) % feature["buckets"]


def _codes(numbers, feature):
    values = np.array(feature["values"], np.float32)
    missing = len(values) + 1 if feature["flagged"] else 0
    found = np.zeros(len(numbers), np.int32)
    if len(values):
        place = np.minimum(np.searchsorted(values, numbers), len(values) - 1)
        found = np.where(values[place] == numbers, place + 1, 0)
    return np.where(np.isnan(numbers), missing, found).astype(np.int32)

"""Raw columns -> what the model next to this file takes. Needs NumPy alone.

    from encoder import Encoder

    inputs = Encoder().encode({"age": [38, None], "town": ["Zug", ""]})

gives the model's arguments, name -> array. A value that is missing is None, NaN or an empty string.
encoder.json, next to this file, holds what was fitted on the training data. A text must be given as
the ids of its tokens, int32 [rows, length]: only TensorFlow cuts texts as training did.
"""

import datetime
import json
import math
import pathlib
import re

import numpy as np

_FORMAT = 1
_DAY = 86400  # seconds
_MASK = 2**64 - 1
_K0, _K1, _K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F  # of FarmHash


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
        kind = feature["kind"]
        if kind == "given":
            return _given(values, feature)
        if kind in ("categories", "hashed"):
            ids = {value: i for i, value in enumerate(feature["values"])}
            code = _category if kind == "categories" else _hashed
            found = [code(text, ids, feature) for text in map(_text, values)]
            return np.array(found, np.int32)
        if kind == "dates":
            days = [_date(_text(value), feature["forms"], self._dates) for value in values]
            return np.array(days, np.float32).reshape(-1, 2)
        numbers = _numbers(values, feature)
        if kind == "codes":
            return _codes(numbers, feature)
        if feature.get("codes"):  # numbers that stand for a missing one
            codes = np.array(feature["codes"], numbers.dtype)
            return np.where(np.isin(numbers, codes), np.nan, numbers).astype(numbers.dtype)
        return numbers


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


def _date(text, forms, dates):
    """(days since 1970-01-01, fraction of the day), NaN where the text is no date."""
    for pattern, rewrite in forms:
        match = re.search(pattern, text)
        if match:
            text = re.sub(r"\\(\d)", lambda field, of=match: of[int(field[1])] or "", rewrite)
            break
    nothing = (math.nan, math.nan)
    if not re.fullmatch(dates["fields"], text) or "\u0130" in text or "\u0131" in text:
        return nothing
    year, month, day, hour, minute, second, half, offset = text.split("|")[1:]
    try:
        days = _days(year, month, day, dates)
        seconds = _seconds(hour, minute, second, half.lower()) - _offset(offset)
    except ValueError:
        return nothing
    carried = math.floor(seconds / _DAY)
    return np.float32(days) + np.float32(carried), np.float32(seconds / _DAY - carried)


def _days(year, month, day, dates):
    number = int(year or 1970)
    if len(year) == 2:
        number += 2000 if number < dates["pivot"] else 1900
    start = month[:3].lower()
    month = dates["months"].get(start) or int(month or 1)
    return datetime.date(number, month, int(day or 1)).toordinal() - 719163


def _seconds(hour, minute, second, half):
    hour, minute = int(hour or 0), int(minute or 0)
    second = float((second or "0").replace(",", "."))
    in_range = 1 <= hour <= 12 if half else hour <= 23
    if not in_range or minute > 59 or second >= 61:
        raise ValueError("no time of the day")
    if half:
        hour = hour % 12 + (12 if half[0] == "p" else 0)
    return hour * 3600 + minute * 60 + second


def _offset(text):
    digits = re.sub("[+:-]", "", text)
    minutes = int((digits + "00" if len(digits) == 2 else digits) or 0)
    seconds = minutes // 100 * 3600 + minutes % 100 * 60
    return -seconds if text.startswith("-") else seconds


def fingerprint(data):
    """FarmHash's Fingerprint64 of bytes, an int of 64 bits; github.com/google/farmhash."""
    length = len(data)
    if length <= 16:
        return _hash_16(data, length)
    mul = _K2 + length * 2 & _MASK
    if length <= 64:
        a = _at(data, 0) * (_K1 if length <= 32 else _K2) & _MASK
        b, c, d = _at(data, 8), _at(data, length - 8) * mul, _at(data, length - 16) * _K2
        y = _right(a + b, 43) + _right(c, 30) + d
        z = _mixed(y, a + _right(b + _K2, 18) + c, mul)
        if length <= 32:
            return z
        e, f = _at(data, 16) * mul, _at(data, 24)
        g, h = (y + _at(data, length - 32)) * mul, (z + _at(data, length - 24)) * mul
        return _mixed(_right(e + f, 43) + _right(g, 30) + h, e + _right(f + a, 18) + g, mul)
    return _hash_long(data, length)


def _hash_16(data, length):
    mul = _K2 + length * 2
    if length >= 8:
        a, b = _at(data, 0) + _K2, _at(data, length - 8)
        return _mixed(_right(b, 37) * mul + a, (_right(a, 25) + b) * mul, mul)
    if length >= 4:
        first, last = (int.from_bytes(part, "little") for part in (data[:4], data[-4:]))
        return _mixed(length + (first << 3), last, mul)
    if length:
        y = data[0] + (data[length >> 1] << 8)
        z = length + (data[-1] << 2)
        return _shifted(y * _K2 ^ z * _K0) * _K2 & _MASK
    return _K2


def _hash_long(data, length):
    x, y = 81, 81 * _K1 + 113 & _MASK
    z = _shifted(y * _K2 + 113) * _K2
    v, w = (0, 0), (0, 0)
    x = x * _K2 + _at(data, 0)
    end, at = (length - 1) // 64 * 64, 0
    while at < end:
        x, y, z, v, w = _round(data, at, x, y, z, v, w, _K1, 1)
        at += 64
    mul = _K1 + ((z & 0xFF) << 1)
    rest = (length - 1) & 63
    w = (w[0] + rest, w[1])
    v = (v[0] + w[0], v[1])
    w = (w[0] + v[0], w[1])
    x, y, z, v, w = _round(data, end + rest - 63, x, y, z, v, w, mul, 9)
    first = _mixed(v[0], w[0], mul) + _shifted(y) * _K0 + z
    return _mixed(first, _mixed(v[1], w[1], mul) + x, mul)


def _round(data, at, x, y, z, v, w, mul, nine):
    x = _right(x + y + v[0] + _at(data, at + 8), 37) * mul
    y = _right(y + v[1] + _at(data, at + 48), 42) * mul
    x = (x ^ w[1] * nine) & _MASK
    y += v[0] * nine + _at(data, at + 40)
    z = _right(z + w[0], 33) * mul
    v = _weak(data, at, v[1] * mul, x + w[0])
    w = _weak(data, at + 32, z + w[1], y + _at(data, at + 16))
    return z & _MASK, y & _MASK, x & _MASK, v, w


def _weak(data, at, a, b):
    words = [_at(data, at + 8 * i) for i in range(4)]
    a += words[0]
    b, c = _right(b + a + words[3], 21), a
    a += words[1] + words[2]
    return a + words[3] & _MASK, b + _right(a, 44) + c & _MASK


def _at(data, position):
    return int.from_bytes(data[position : position + 8], "little")


def _right(value, bits):
    """64 bits, rotated to the right."""
    value &= _MASK
    return value >> bits | value << 64 - bits & _MASK


def _shifted(value):
    value &= _MASK
    return value ^ value >> 47


def _mixed(u, v, mul):
    a = _shifted((u ^ v) * mul)
    b = _shifted(((v & _MASK) ^ a) * mul)
    return b * mul & _MASK

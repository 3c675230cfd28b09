"""Values of JSON as the arrays that a model takes, or the reason why they cannot be.

What is missing is null: NaN for a number that may be a fraction, an empty text; both are answered
as in training. A number where a text is needed is its text, as in --mode=predict.
"""

import base64
import binascii
import dataclasses

import numpy as np

from tfapp.data.images.size import is_sound, shape_of
from tfapp.serving.errors import bad
from tfapp.serving.json_text import shown

_BASE64 = "b64"  # the one key of an object that stands for bytes


def is_bytes(value):
    """Whether a value is {"b64": ...}, the bytes of something."""
    return isinstance(value, dict) and value.keys() == {_BASE64}


def to_array(values, taken, where):
    """JSON values of one input, one an example, as an array.

    Args:
      values: list of n values.
      taken: the `Input` that they are for.
      where: (i) -> what messages call the i-th value.

    Returns:
      NumPy [n, ...] of the input's dtype; bytes in an array of objects for strings.

    Raises:
      RequestError: a value is of another type, shape or range.
    """
    if taken.is_image:
        return _objects([_image(value, where(i)) for i, value in enumerate(values)])
    if taken.dtype.name == "string":
        return _strings(values, taken, where)
    fast = _as_numbers(values, taken)
    if fast is not None:
        return fast
    return np.stack([_one(value, taken, where(i)) for i, value in enumerate(values)])


def _from_numbers(array, taken):
    """Numbers [n, ...] as the dtype of an `Input`; None if that would change one."""
    wanted = taken.dtype.as_numpy_dtype
    with np.errstate(invalid="ignore", over="ignore"):
        converted = array.astype(wanted)
        if taken.dtype.is_integer or taken.dtype.is_bool:
            same = np.array_equal(converted, array)
        else:
            same = np.array_equal(np.isfinite(converted), np.isfinite(array))
    return converted if same else None


def numbers_as(values, shape, taken):
    """Flat numbers, a list or array, as an array of `shape`; None if they are not all as needed."""
    array = _as_array(values)
    return None if array is None else _converted(array.reshape(shape), taken)


def _as_numbers(values, taken):
    """All values at once, where nothing is wrong or missing; else None."""
    array = _as_array(values)
    return None if array is None else _converted(array, taken)


def _as_array(values):
    try:
        array = np.array(values)
    except (ValueError, OverflowError, RecursionError):  # ragged
        return None
    return array if array.dtype.kind in "uifb" else None


def _converted(array, taken):
    array = _fitted(array, taken)
    return None if array is None else _from_numbers(array, taken)


def _fitted(array, taken):
    """`array` [n, ...] in the shape of the input, or None."""
    shape = (len(array), *taken.shape)
    if array.ndim == len(shape) - 1 and shape[-1] == 1 and len(shape) > 1:
        array = array[..., None]  # [height, width] for [height, width, 1]
    fits = array.ndim == len(shape)
    fits = fits and all(w in (None, g) for g, w in zip(array.shape, shape, strict=True))
    return array if fits else None


def _one(value, taken, where):
    """The array of one value, or a RequestError that says what is wrong with it."""
    floating = taken.dtype.is_floating
    if value is None and not taken.shape and floating:
        return np.asarray(np.nan, taken.dtype.as_numpy_dtype)
    leaves = []
    filled = _checked(value, taken, where, leaves, 0)
    try:
        array = np.array([filled])
    except (ValueError, OverflowError) as error:
        raise bad(f"{where}: its lists differ in length; {_wanted(taken)} is needed") from error
    array = _fitted(array, taken)
    if array is None or not leaves:
        raise bad(f"{where}: has the shape {_shape_of(filled)}; {_wanted(taken)} is needed")
    for leaf in leaves:
        if numbers_as([leaf], (1,), _scalar_of(taken)) is None:
            raise bad(f"{where}: {shown(leaf)} is not {_range(taken)}")
    return _from_numbers(array, taken)[0]


def _shape_of(value):
    shape = []
    while isinstance(value, list):
        shape.append(len(value))
        value = value[0] if value else None
    return shape


def _scalar_of(taken):
    return dataclasses.replace(taken, shape=())


def _range(taken):
    """A dtype, with what it holds if that are whole numbers."""
    name = taken.dtype.name
    return f"{name} ({taken.dtype.min} to {taken.dtype.max})" if taken.dtype.is_integer else name


def _checked(value, taken, where, leaves, depth):
    """`value` with NaN for null; every number is added to `leaves`. Raises RequestError."""
    if isinstance(value, list):
        if depth > len(taken.shape):
            raise bad(f"{where}: is nested too deep; {_wanted(taken)} is needed")
        return [_checked(part, taken, where, leaves, depth + 1) for part in value]
    if value is None:
        if not taken.dtype.is_floating or not depth:
            raise bad(f"{where}: null where {_wanted(taken)} is needed")
        value = float("nan")
    if not isinstance(value, (bool, int, float)):
        raise bad(f"{where}: {shown(value)} is not a number; {_wanted(taken)} is needed")
    leaves.append(value)
    return value


def _wanted(taken):
    """What an input takes, for messages: float32, or uint8 of the shape [8, 8, 1]."""
    if not taken.shape:
        return taken.dtype.name
    sizes = ", ".join("any" if size is None else str(size) for size in taken.shape)
    return f"{taken.dtype.name} of the shape [{sizes}]"


def _strings(values, taken, where):
    """Texts of the input's shape, [n, ...], as bytes."""
    if not taken.shape:
        return _objects([_text(value, where(i)) for i, value in enumerate(values)])
    rows = [_text_array(value, taken, where(i)) for i, value in enumerate(values)]
    return np.stack(rows)


def _text_array(value, taken, where):
    flat, shape = [], []
    part = value
    for _ in taken.shape:
        if not isinstance(part, list) or not part:
            raise bad(f"{where}: {shown(value)} where {_wanted(taken)} is needed")
        shape.append(len(part))
        part = part[0]
    if any(w not in (None, g) for g, w in zip(shape, taken.shape, strict=True)):
        raise bad(f"{where}: has the shape {shape}; {_wanted(taken)} is needed")
    _flatten(value, shape, flat, where)
    return _objects(flat).reshape(shape)


def _flatten(value, shape, flat, where):
    if not shape:
        flat.append(_text(value, where))
        return
    if not isinstance(value, list) or len(value) != shape[0]:
        raise bad(f"{where}: its lists differ in length")
    for part in value:
        _flatten(part, shape[1:], flat, where)


def _text(value, where):
    if isinstance(value, str):
        return value.encode()
    if value is None:
        return b""
    if isinstance(value, bool):
        return str(value).lower().encode()
    if isinstance(value, (int, float)):
        return str(value).encode()
    if isinstance(value, bytes):  # of a binary tensor
        return value
    if is_bytes(value):
        return _decoded(value, where)
    raise bad(f"{where}: {shown(value)} where a string is needed")


def _image(value, where):
    if isinstance(value, bytes):
        data = value
    elif isinstance(value, str):
        data = _decoded({_BASE64: value}, where)
    elif is_bytes(value):
        data = _decoded(value, where)
    else:
        raise bad(f'{where}: {shown(value)} where {{"b64": ...}} of an image is needed')
    shape = shape_of(data)
    if shape is None:
        raise bad(f"{where}: is no JPEG, PNG, GIF or BMP")
    if not is_sound(*shape[:2]):
        raise bad(f"{where}: claims {shape[0]}x{shape[1]} pixels, which is too many or none")
    return data


def _decoded(value, where):
    try:
        return base64.b64decode(value[_BASE64], validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise bad(f'{where}: the value of "b64" is not base64') from error


def _objects(items):
    array = np.empty(len(items), object)
    array[:] = items
    return array

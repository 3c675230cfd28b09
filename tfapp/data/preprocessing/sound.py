"""Whether fitted transforms that were read from a run's folder can be what was written there."""

import dataclasses

import numpy as np

from tfapp.data.preprocessing.categories import Categories, Hashed
from tfapp.data.preprocessing.codes import Codes
from tfapp.data.preprocessing.dates import Dates
from tfapp.data.preprocessing.robust import Robust
from tfapp.data.preprocessing.standardize import Standardize
from tfapp.data.preprocessing.tokens import Tokens
from tfapp.runtime.json_shape import NUMBERS, Each, Maybe
from tfapp.spec import KIND_OF_TASK

# What preprocessing.json looks like: see `runtime.json_shape`.
SHAPE = {
    "features": Each({"kind": str}),
    "target": (None, [NUMBERS]),
    "label": Maybe(frozenset(KIND_OF_TASK.values())),
}
_TRANSFORMS = {
    "category": (Categories, Hashed),
    "code": (Codes,),
    "date": (Dates,),
    "text": (Tokens,),
}
_NUMBERS = (Standardize, Robust)  # of the other kinds of features
_TYPES = {
    float: (int, float),
    int: (int,),
    int | None: (int, type(None)),
    str: (str,),
    bool: (bool,),
    tuple[str, ...]: (tuple,),
    tuple[float, ...]: (tuple,),
}


def check_fields(name, transform):
    """Raises ValueError unless the fields of a transform, a dataclass, have their types."""
    for field in dataclasses.fields(transform):
        value = vars(transform)[field.name]
        types = _TYPES.get(field.type)
        wrong = types is not None and not isinstance(value, types)
        wrong = wrong or (isinstance(value, bool) and field.type is not bool)
        if isinstance(value, tuple):
            part_type = (int, float) if field.type == tuple[float, ...] else str
            wrong = wrong or not all(isinstance(part, part_type) for part in value)
        if wrong:
            raise ValueError(f"{name!r} has {field.name}={str(value)[:40]!r}")


def check_fits(transforms, spec):
    """Raises ValueError unless `transforms`, by name, can be those of a `DataSpec`'s features."""
    for feature in spec.features:
        transform = transforms.get(feature.name)
        if transform is None:
            raise ValueError(f"it lacks {feature.name!r}")
        kind = feature.kind.partition("_")[0]  # "date_dmy" is a kind of date
        if not isinstance(transform, _TRANSFORMS.get(kind, _NUMBERS)):
            raise ValueError(f"{feature.name!r} is a {feature.kind}, not {transform.kind}")
        if isinstance(transform, Standardize):
            _check_statistics(transform, feature)


def _check_statistics(transform, feature):
    shape = feature.shape[-1:] if feature.kind == "image" else feature.shape
    for values in (transform.mean, transform.scale):
        if np.shape(values) != shape:
            raise ValueError(f"{feature.name!r} has {np.size(values)} means, not of shape {shape}")

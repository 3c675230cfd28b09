"""JSON that every reader takes: a number that is NaN or infinite becomes null."""

import json
import math


def dumps(value, **options):
    """`json.dumps`, whose NaN and Infinity are not JSON."""
    return json.dumps(_finite(value), allow_nan=False, **options)


def _finite(value):
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(part) for part in value]
    return value

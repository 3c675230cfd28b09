"""What tfapp writes as JSON is JSON."""

import json

from tfapp.runtime import strict_json


def test_numbers_that_are_not_finite_are_null():
    value = {"a": float("nan"), "b": [1.5, float("inf"), (2, float("-inf"))], "c": {"d": "NaN"}}
    text = strict_json.dumps(value)
    assert "Infinity" not in text
    assert json.loads(text) == {"a": None, "b": [1.5, None, [2, None]], "c": {"d": "NaN"}}


def test_everything_else_is_as_json_writes_it():
    value = {"a": [1, 0.1, True, None, "ü"], "b": {}}
    assert strict_json.dumps(value, indent=1) == json.dumps(value, indent=1)

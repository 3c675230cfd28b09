"""JSON of requests and answers: what is not finite, and what is too large or too deep."""

import ml_dtypes
import numpy as np
import pytest

from tfapp.serving.errors import RequestError
from tfapp.serving.json_text import dumps, loads, plain, shown


def test_numbers_that_are_not_finite():
    assert loads(b"[NaN, -Infinity, 1]")[1:] == [float("-inf"), 1]
    assert dumps({"a": np.array([np.nan, np.inf, 0.1], "f4")}) == b'{"a":[null,null,0.1]}'


def test_arrays_of_every_kind():
    half = np.array([[0.5]], ml_dtypes.bfloat16)
    assert (
        dumps([plain(half), plain(np.array([b"a", "\xe9"], object))])
        == '[[[0.5]],["a","é"]]'.encode()
    )
    assert dumps(np.arange(6).reshape(2, 3).T) == b"[[0,3],[1,4],[2,5]]"


@pytest.mark.parametrize(
    "body, reason",
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"\xff", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[" * 100_000 + b"NaN", "nested"),
        (b'{"NaN": 1, "NaN": 2}', None),
        (b'[NaN, "\\ud800"]', "surrogate"),
        (b"[NaN, " + b"9" * 5000 + b"]", "too many digits"),
    ],
)
def test_bodies_that_are_no_json(body, reason):
    if reason is None:
        assert loads(body) == {"NaN": 2}
        return
    with pytest.raises(RequestError, match=reason) as caught:
        loads(body)
    assert caught.value.status == 400


def test_values_in_messages_are_short():
    deep = []
    for _ in range(900):
        deep = [deep]
    assert shown(deep) == "a list"
    assert shown(2**70) == str(2**70)
    assert shown("é") == '"é"'
    assert len(shown("x" * 1000)) < 70

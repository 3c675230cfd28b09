"""Numbers that stand for a missing value or are names, and columns that equal another."""

import logging

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.data.opening import open_all

ROWS = 200
RNG = np.random.default_rng(0)
AGES = RNG.integers(18, 99, ROWS).astype(float)
SIZES = RNG.normal(size=ROWS)


def with_codes(values, *codes, each=5):
    values = np.array(values, float)
    for i, code in enumerate(codes):
        values[i * each : (i + 1) * each] = code
    return values


CODED = {
    "below all": (with_codes(AGES, -999), (-999.0,)),
    "far above": (with_codes(AGES, 9999), (9999.0,)),
    "both ends": (with_codes(SIZES, -9999, 9999), (-9999.0, 9999.0)),
    "of a short scale": (with_codes(RNG.integers(0, 13, ROWS), 99), (99.0,)),
    "negative among counts": (with_codes(AGES * 100, -99), (-99.0,)),
    "of weather": (with_codes(SIZES * 20, 9999.9), (np.float32(9999.9),)),
    "nearly all": (with_codes(AGES, 999, each=ROWS - 10), (999.0,)),
    "of integers": (with_codes(AGES, -(2**31)), (-(2.0**31),)),
}
PLAIN = {
    "an age": with_codes(AGES, 99),
    "a top-coded income": with_codes(RNG.integers(0, 41_310, ROWS), 99_999),
    "negative among others": with_codes(RNG.normal(0, 900, ROWS), -999),
    "two rows": with_codes(AGES, -999, each=2),
    "not at an end": with_codes(np.r_[AGES[:-1], 10_000], 999),
    "no nines": with_codes(AGES, -1000),
    "one other value": with_codes(np.ones(ROWS), 999),
}


def open_(folder, columns, **flags):
    pq.write_table(pa.table({**columns, "y": [0, 1] * (ROWS // 2)}), folder / "t.parquet")
    return open_all(f"parquet:{folder}/t.parquet", label="y", **flags)


def kinds(source):
    return {f.name: f.kind for f in source.spec.features}


@pytest.mark.parametrize("case", CODED)
def test_codes_for_missing_are_found_and_logged(tmp_path, case, caplog):
    values, codes = CODED[case]
    with caplog.at_level(logging.INFO, "tfapp"):
        source = open_(tmp_path, {"a": values})
    assert source.spec.features[0].missing_codes == codes
    assert "taken as missing: a " in caplog.text
    assert "--feature_kind=a:numeric" in caplog.text
    forced = open_(tmp_path, {"a": values}, feature_kind=("a:numeric",))
    assert forced.spec.features[0].missing_codes == ()


@pytest.mark.parametrize("case", PLAIN)
def test_other_numbers_stay_numbers(tmp_path, case):
    assert open_(tmp_path, {"a": PLAIN[case], "b": SIZES}).spec.features[0].missing_codes == ()


def test_whole_numbers_that_are_names_are_codes(tmp_path, caplog):
    codes = RNG.integers(0, 80, ROWS) * 331 + 501
    columns = {
        "zip": codes,
        "area_code": codes[::-1],
        "StoreId": codes + 1,
        "phone_key": codes + 2**33,
        "size_id": codes + 0.5,
        "width": codes + 2,
        "region_code": codes % 9,
        "order_id": RNG.permutation(ROWS * 3)[:ROWS].astype(int) // 2,
    }
    with caplog.at_level(logging.INFO, "tfapp"):
        source = open_(tmp_path, columns)
    assert kinds(source) == {
        "zip": "code", "area_code": "code", "StoreId": "code", "phone_key": "category",
        "size_id": "numeric", "width": "numeric", "order_id": "numeric",
        "region_code": "numeric",
    }  # fmt: skip
    assert "--feature_kind=zip:numeric takes it otherwise" in caplog.text
    assert "--feature_kind=order_id:ignored leaves it out" in caplog.text
    again = open_(tmp_path, columns, feature_kind=("zip:numeric", "width:code"))
    assert (kinds(again)["zip"], kinds(again)["width"]) == ("numeric", "code")


def test_a_column_that_equals_another_is_left_out(tmp_path, caplog):
    words = np.array(["one", "two", "three"], object)[RNG.integers(0, 3, ROWS)]
    gaps = pa.array([None if i % 7 == 0 else i % 5 for i in range(ROWS)], pa.int64())
    last = SIZES.copy()
    last[-2] += 1e-9  # neither end of the column: its outline is the same
    columns = {
        "a": SIZES, "b": AGES, "again": SIZES, "close": last, "words": words, "same": words,
        "gaps": gaps, "gaps too": gaps.cast(pa.float64()), "swapped": np.r_[words[1:], words[:1]],
    }  # fmt: skip
    with caplog.at_level(logging.INFO, "tfapp"):
        source = open_(tmp_path, columns)
    assert list(kinds(source)) == ["a", "b", "close", "words", "gaps", "swapped"]
    assert "again ignored (equals a)" in caplog.text
    assert "--feature_kind=again:numeric learns from it anyway" in caplog.text
    assert "again" in kinds(open_(tmp_path, columns, feature_kind=("again:numeric",)))
    assert "same" in kinds(open_(tmp_path, columns, features=("words", "same")))


def test_a_column_can_be_left_out(tmp_path):
    columns = {"a": SIZES, "b": AGES}
    assert list(kinds(open_(tmp_path, columns, feature_kind=("a:ignored",)))) == ["b"]

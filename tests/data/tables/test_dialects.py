"""CSV as people have it: every way of writing a table is detected, and read as pandas reads it."""

import io

import numpy as np
import pandas
import pytest
from hypothesis import HealthCheck, given, settings

from tests.data.tables.dialects import written
from tfapp.data.splits.split_names import TRAIN
from tfapp.data.tables.columns import as_numbers
from tfapp.data.tables.part import read_parts
from tfapp.data.tables.read_csv import CsvReader

_QUIET = {
    "derandomize": True, "deadline": None, "database": None,
    "suppress_health_check": list(HealthCheck),
}  # fmt: skip


def check_equal_to_pandas(case, path):
    path.write_bytes(case.data)
    table = pandas.read_csv(io.BytesIO(case.data), **case.arguments)
    part = read_parts({TRAIN: [path]}, CsvReader())[TRAIN]
    assert list(part.columns) == list(table.columns)
    assert part.num_rows == len(table)
    for name in case.numbers:
        numbers, bad = as_numbers(part.columns[name])
        assert bad is None or not bad.any()
        assert numbers == pytest.approx(table[name].to_numpy(np.float32), nan_ok=True)
    for name in case.strings:
        assert np.asarray(part.strings(name)).tolist() == table[name].tolist()


@settings(max_examples=40, **_QUIET)
@given(case=written())
def test_a_dialect_is_read_as_pandas_reads_it(tmp_path, case):
    check_equal_to_pandas(case, tmp_path / "t.csv")


@pytest.mark.slow
@settings(max_examples=1000, **_QUIET)
@given(case=written())
def test_a_thousand_dialects_are_read_as_pandas_reads_them(tmp_path, case):
    check_equal_to_pandas(case, tmp_path / "t.csv")

"""Columns that number or name the rows are not learnt from, nor are constant ones; others are."""

import logging
import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.data.opening import open_all
from tfapp.errors import DataError, UsageError

ROWS = 60
RNG = np.random.default_rng(0)
SPREAD = np.sort(RNG.choice(10_000, ROWS, replace=False))  # distinct, with gaps
INDEX = {
    "row numbers": ("n", range(ROWS)),
    "from 1": ("n", range(1, ROWS + 1)),
    "shuffled": ("n", RNG.permutation(ROWS)),
    "as floats": ("n", [float(i) for i in range(ROWS)]),
    "of pandas": ("", SPREAD),
    "of pandas, read again": ("Unnamed: 0", SPREAD),
    "rows that are left": ("index", SPREAD),
    "of R": ("rownames", [f"car {i}" for i in range(ROWS)]),
    "identifier": ("id", SPREAD),
    "of passengers": ("PassengerId", SPREAD),
    "of orders": ("order_id", [f"A{i}" for i in range(ROWS)]),
    "some missing": ("CustomerID", [None, *SPREAD[1:].tolist()]),
    "text": ("uuid", [f"a few words for {i}" for i in range(ROWS)]),
}
FEATURES = {
    "timestamp": ("timestamp", SPREAD + 1_500_000_000),
    "year": ("year", np.arange(1900, 1900 + ROWS)),
    "measurement": ("height", SPREAD),
    "from 2": ("n", range(2, ROWS + 2)),
    "one twice": ("n", [0, *range(ROWS - 1)]),
    "fractions": ("id", SPREAD + 0.5),
    "repeated": ("patient_id", SPREAD // 2000),
    "no word of its own": ("valid", SPREAD),
    "a measured index": ("heat_index", SPREAD),
}


def features_of(folder, name, values, **flags):
    table = {
        name: list(values),
        "x": RNG.normal(size=len(values)),
        "y": [0, 1] * (len(values) // 2),
    }
    pq.write_table(pa.table(table), folder / "t.parquet")
    spec = open_all(f"parquet:{folder}/t.parquet", label="y", **flags).spec
    return [feature.name for feature in spec.features]


@pytest.mark.parametrize("case", INDEX)
def test_an_index_is_ignored_and_the_way_back_is_logged(tmp_path, case, caplog):
    name, values = INDEX[case]
    with caplog.at_level(logging.INFO, "tfapp"):
        assert features_of(tmp_path, name, values) == ["x"]
    reason = caplog.text.split(f"{name or '(no name)'} ignored (")[1].split(")")[0]
    assert re.search("numbers the rows|names? the row", reason)
    kind = caplog.text.split(f"--feature_kind={name}:")[1].split()[0]
    assert features_of(tmp_path, name, values, feature_kind=(f"{name}:{kind}",)) == [name, "x"]
    if kind == "numeric":
        assert features_of(tmp_path, name, values, features=(name,)) == [name]


@pytest.mark.parametrize("case", FEATURES)
def test_other_columns_without_repeated_values_are_learnt_from(tmp_path, case):
    name, values = FEATURES[case]
    assert features_of(tmp_path, name, values) == [name, "x"]


def test_three_rows_may_be_anything(tmp_path):
    assert features_of(tmp_path, "n", [1, 2, 3, 4], validation_split=0.3) == ["n", "x"]


def test_each_file_may_number_its_own_rows(tmp_path):
    for part in range(3):
        rows = "".join(f"{i},{i * part % 7},{i % 2}\n" for i in range(20 + part))
        (tmp_path / f"part-{part}.csv").write_text(",x,y\n" + rows)
    spec = open_all(f"csv:{tmp_path}").spec
    assert [feature.name for feature in spec.features] == ["x"]


@pytest.mark.parametrize("value", [3, 2.5, "a", True, "2012-01-31"])
def test_a_constant_column_is_ignored(tmp_path, value, caplog):
    with caplog.at_level(logging.INFO, "tfapp"):
        assert features_of(tmp_path, "same", [value] * ROWS) == ["x"]
    assert "same ignored (has one value only)" in caplog.text


@pytest.mark.parametrize("value", [3, "a", True])
def test_a_value_that_is_sometimes_missing_is_learnt_from(tmp_path, value):
    values = [value, None] * (ROWS // 2)
    assert features_of(tmp_path, "sometimes", values) == ["sometimes", "x"]


def test_nothing_but_an_index_says_so(tmp_path):
    (tmp_path / "t.csv").write_text("id,y\n" + "".join(f"{i},{i % 2}\n" for i in range(50)))
    with pytest.raises(DataError, match=r"no column to learn from except 'y' .*id ignored.*:num"):
        open_all(f"csv:{tmp_path}/t.csv")


def test_a_feature_that_is_constant_cannot_be_chosen(tmp_path):
    with pytest.raises(UsageError, match="--features=same: has one value only"):
        features_of(tmp_path, "same", [1] * ROWS, features=("same",))


def test_many_columns_are_logged_in_a_few_lines(tmp_path, caplog):
    table = {f"c{i}": RNG.normal(size=60) for i in range(300)}
    table |= {f"empty{i}": [None] * 60 for i in range(30)}
    table |= {f"name{i}": [f"{j % (52 + i)}{'abc'[i % 3]}" for j in range(60)] for i in range(4)}
    table |= {"y": [0, 1] * 30}
    pq.write_table(pa.table(table), tmp_path / "t.parquet")
    with caplog.at_level(logging.INFO, "tfapp"):
        open_all(f"parquet:{tmp_path}/t.parquet")
    lines = [r.getMessage() for r in caplog.records if r.getMessage().startswith("columns:")]
    assert max(map(len, lines)) < 500
    assert lines[0].startswith("columns: 300 numeric: c0, c1, ")
    assert lines[0].endswith("c19 and 280 more")
    assert lines[1].startswith("columns: 30 ignored (is empty): empty0, ")
    assert (
        "; 4 ignored (distinct values in rows name the row rather than describe it): name0, "
        in (lines[1])
    )

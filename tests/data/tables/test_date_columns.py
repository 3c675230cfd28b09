"""Columns of dates in tables: recognised, their order decided in train, read alike when served."""

import datetime
import logging

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf

from tests.data.opening import open_all
from tfapp.data import preprocessing

ROWS = 80
DAYS = pd.date_range("2001-03-04 05:06:07", periods=ROWS, freq="41D17h")
WRITTEN = {  # how the days are written, the kind of column, and whether the time is part of it
    "2012-01-31": ("%Y-%m-%d", "date", False),
    "2012/01/31": ("%Y/%m/%d", "date", False),
    "2012.01.31": ("%Y.%m.%d", "date", False),
    "31.01.2012": ("%d.%m.%Y", "date_dmy", False),
    "31/01/2012": ("%d/%m/%Y", "date_dmy", False),
    "01/31/2012": ("%m/%d/%Y", "date_mdy", False),
    "31.01.12": ("%d.%m.%y", "date_dmy", False),
    "Jan 31 2012": ("%b %d %Y", "date", False),
    "31 Jan 2012": ("%d %b %Y", "date", False),
    "January 31, 2012": ("%B %d, %Y", "date", False),
    "2012/01/31 05:06:07": ("%Y/%m/%d %H:%M:%S", "date", True),
    "01/31/2012 05:06:07 AM": ("%m/%d/%Y %I:%M:%S %p", "date_mdy", True),
    "2012-01-31T05:06:07Z": ("%Y-%m-%dT%H:%M:%SZ", "date", True),
    "2012-01-31 05:06:07.25": ("%Y-%m-%d %H:%M:%S.250000", "date", True),
    "20120131": ("%Y%m%d", "date", False),
}


def open_column(folder, values, name="day", **flags):
    """The `Source` of a CSV with the column, and its `Preprocessing`."""
    rows = "".join(f'"{v}",{i % 9},{i % 2}\n' for i, v in enumerate(values))
    (folder / "t.csv").write_text(f"{name},x,y\n{rows}")
    source = open_all(f"csv:{folder}/t.csv", label="y", **flags)
    return source, preprocessing.fit(source.spec, source.splits["train"])


def kind_of(source, name="day"):
    return {feature.name: feature.kind for feature in source.spec.features}.get(name)


@pytest.mark.parametrize("case", WRITTEN)
def test_dates_are_recognised_and_served_as_they_were_learnt(tmp_path, case):
    form, kind, with_time = WRITTEN[case]
    written = DAYS.strftime(form).tolist()
    source, preprocess = open_column(tmp_path, written)
    assert kind_of(source) == kind
    transform = preprocess.transforms["day"]
    served = transform.encode(tf.constant(written)).numpy()  # what a user sends: as in the file
    expected = {(day.date() - datetime.date(1970, 1, 1)).days: i for i, day in enumerate(DAYS)}
    seen = 0
    for split in source.splits.values():
        learnt = transform.encode_column(split.arrays()["day"])
        for row in learnt:
            assert np.array_equal(row, served[expected[int(row[0])]])
            assert with_time == (row[1] > 0)
            seen += 1
    assert seen == ROWS


@pytest.mark.parametrize("kind", [pa.timestamp("ns"), pa.timestamp("us", "Europe/Berlin"),
                                  pa.date32(), pa.date64(), pa.time32("s")])  # fmt: skip
def test_typed_columns_are_dates(tmp_path, kind):
    days = pa.array(DAYS.to_pydatetime(), pa.timestamp("s")).cast(pa.timestamp("us"))
    if pa.types.is_time(kind):
        column = pa.array([day.time() for day in DAYS], kind)
    else:
        column = days.cast(kind, safe=False)
    table = {"day": column, "x": np.arange(ROWS) % 9, "y": np.arange(ROWS) % 2}
    pq.write_table(pa.table(table), tmp_path / "t.parquet")
    source = open_all(f"parquet:{tmp_path}/t.parquet", label="y")
    assert kind_of(source) == "date"
    transform = preprocessing.fit(source.spec, source.splits["train"]).transforms["day"]
    for split in source.splits.values():
        assert np.isfinite(transform.encode_column(split.arrays()["day"])).all()


def test_what_is_undecided_is_logged_with_the_flag_that_decides(tmp_path, caplog):
    written = [f"{1 + i % 9:02}/{1 + i % 7:02}/2012" for i in range(ROWS)]
    with caplog.at_level(logging.INFO, "tfapp"):
        source, _ = open_column(tmp_path, written)
    assert kind_of(source) == "date"
    assert "day: no value decides what comes first in 02/02/2012" not in caplog.text
    assert "day: no value decides what comes first in " in caplog.text
    assert "taken for the month; --feature_kind=day:date_dmy takes it otherwise" in caplog.text
    source, preprocess = open_column(tmp_path, written, feature_kind=("day:date_dmy",))
    assert kind_of(source) == "date_dmy"
    (encoded,) = preprocess.transforms["day"].encode(tf.constant(["01/02/2012"])).numpy()
    assert encoded[0] == (datetime.date(2012, 2, 1) - datetime.date(1970, 1, 1)).days


def test_what_cannot_be_read_is_missing_and_counted(tmp_path, caplog):
    written = DAYS.strftime("%d.%m.%Y").tolist()
    written[3], written[5], written[7] = "soon", "", "31.02.2012"
    with caplog.at_level(logging.INFO, "tfapp"):
        open_column(tmp_path, written)
    assert "day of train: 2 of 80 values are no dates, such as 'soon'" in caplog.text


def test_years_and_other_numbers_stay_numbers(tmp_path):
    for name, values in {
        "year": [1900 + i for i in range(ROWS)],
        "code": [20120101 + i for i in range(ROWS)],  # days by their values, but not by the name
        "date": [10120101 + i for i in range(ROWS)],
        "day": [20120101 + 3 * i for i in range(ROWS)],  # the 41st of January
        "version": [f"{i % 4}.{i}" for i in range(ROWS)],
    }.items():
        source, _ = open_column(tmp_path, values, name)
        assert kind_of(source, name) == "numeric"


@pytest.mark.parametrize("form", ["{}.{}.{}.{}", "item {}-{}", "{}:{}:{}", "{}-{}", "May {}"])
def test_other_strings_are_no_dates(tmp_path, form):
    written = [form.format(10 + i % 7, 300 + i % 5, i % 3, i % 4) for i in range(ROWS)]
    source, _ = open_column(tmp_path, written)
    assert kind_of(source) in (None, "category")

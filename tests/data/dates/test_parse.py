"""Dates as people write them are read as the calendar has them, on the host and in a graph."""

import datetime

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tfapp.data.dates import forms
from tfapp.data.dates.parse import is_date, parse

EPOCH = datetime.datetime(1970, 1, 1)
JANUARY = datetime.datetime(2012, 1, 31)
HALF = datetime.datetime(2012, 1, 31, 13, 30, 15)
READ = {
    "2012-01-31": JANUARY,
    "2012/01/31": JANUARY,
    "2012.01.31": JANUARY,
    "2012/1/31": JANUARY,
    " 2012-01-31 ": JANUARY,
    "31.01.2012": JANUARY,
    "01/31/2012": JANUARY,
    "1/31/12": JANUARY,
    "20120131": JANUARY,
    "20120131T133015Z": HALF,
    "Jan 31 2012": JANUARY,
    "31 Jan 2012": JANUARY,
    "31-JAN-12": JANUARY,
    "January 31, 2012": JANUARY,
    "Tuesday, 31st of January, 2012": JANUARY,
    "2012 Jan 31": JANUARY,
    "2012/01/31 13:30:15": HALF,
    "2012-01-31T13:30:15Z": HALF,
    "2012-01-31T15:30:15+02:00": HALF,
    "2012-01-31 08:00:15-0530": HALF,
    "2012-01-31 13:30:15.250000": HALF + datetime.timedelta(seconds=0.25),
    "01/31/2012 1:30:15 PM": HALF,
    "1/31/2012 12:05 am": JANUARY + datetime.timedelta(minutes=5),
    "Tue, 31 Jan 2012 13:30:15 GMT": HALF,
    "Tue Jan 31 13:30:15 2012": HALF,
    "Tue Jan 31 14:30:15 +0100 2012": HALF,
    "Tue Jan 31 2012 14:30:15 GMT+0100 (CET)": HALF,
    "2012-02-29 00:30:00+01:00": datetime.datetime(2012, 2, 28, 23, 30),
    "2012-01": datetime.datetime(2012, 1, 1),
    "Jan 2012": datetime.datetime(2012, 1, 1),
    "Jan-12": datetime.datetime(2012, 1, 1),
    "01/2012": datetime.datetime(2012, 1, 1),
    "2012Q3": datetime.datetime(2012, 7, 1),
    "Q4 2012": datetime.datetime(2012, 10, 1),
    "12:30": EPOCH + datetime.timedelta(hours=12.5),
    "1:05:30 pm": EPOCH + datetime.timedelta(hours=13, seconds=330),
    "1-Jan-68": datetime.datetime(2068, 1, 1),
    "1-Jan-69": datetime.datetime(1969, 1, 1),
}
REFUSED = ["", "soon", "2012", "2012-13-01", "2023-02-29", "2012-01-32", "25:00", "12:61", "1.5",
           "13:00 PM", "10.0.0.1", "|1|2|3", "\u017fep 1 2012", "99/99/9999", "May",
           "May 10"]  # fmt: skip


def moments(strings, order=forms.BY_SIGN):
    parsed = parse(tf.constant(strings, tf.string), order).numpy().astype(np.float64)
    return [
        None if np.isnan(day) else EPOCH + datetime.timedelta(days=day, seconds=fraction * 86400)
        for day, fraction in parsed
    ]


@pytest.mark.parametrize("text", READ)
def test_a_date_is_read(text):
    (moment,) = moments([text])
    assert abs(moment - READ[text]) < datetime.timedelta(seconds=0.01)


def test_what_is_no_date_is_missing():
    assert moments(REFUSED) == [None] * len(REFUSED)
    assert not is_date(np.array(REFUSED, object), forms.BY_SIGN).any()


@pytest.mark.parametrize(
    "text, order, day",
    [
        ("03/02/2012", forms.BY_SIGN, "2012-03-02"),
        ("03-02-2012", forms.BY_SIGN, "2012-03-02"),
        ("03.02.2012", forms.BY_SIGN, "2012-02-03"),
        ("03/02/2012", "dmy", "2012-02-03"),
        ("31/01/2012", "dmy", "2012-01-31"),
        ("03.02.2012", "mdy", "2012-03-02"),
        ("03-02-12", "ymd", "2003-02-12"),
        ("03-02-2012", "ymd", "2012-03-02"),
    ],
)
def test_the_order_of_day_and_month_is_the_columns(text, order, day):
    assert moments([text], order) == [datetime.datetime.fromisoformat(day)]


@pytest.mark.parametrize(
    "values, order, open_case",
    [
        (["01/02/2012", "13/02/2012"], "dmy", ""),
        (["01/02/2012", "02/13/2012"], "mdy", ""),
        (["01/02/2012", "02/13/2012", "13/02/2012", "14/02/2012"], "dmy", ""),
        (["99-02-13", "98-12-31"], "ymd", ""),
        (["01/02/2012", ""], forms.BY_SIGN, "01/02/2012"),
        (["x", "01.02.2012 10:30"], forms.BY_SIGN, "01.02.2012 10:30"),
        (["01/01/2012"], forms.BY_SIGN, ""),
        (["2012-01-02", "Jan 1 2000"], forms.BY_SIGN, ""),
    ],
)
def test_a_value_above_12_decides_the_order(values, order, open_case):
    assert forms.decide_order(np.array(values, object)) == (order, open_case)


FORMATS = ["%Y-%m-%d", "%Y/%m/%d %H:%M:%S", "%d %b %Y", "%B %d, %Y %I:%M %p", "%Y%m%d", "%d-%b-%y",
           "%a %b %d %H:%M:%S %Y", "%Y-%m-%dT%H:%M:%S.%fZ", "%m/%d/%Y %H:%M"]  # fmt: skip


def test_days_of_two_centuries_are_those_of_pandas():
    days = pd.date_range("1900-01-01 00:07:31", "2100-01-01", periods=3001)
    for form in FORMATS:
        some = days[(days.year >= 1969) & (days.year < 2069)] if "%y" in form else days
        texts = some.strftime(form)
        expected = pd.to_datetime(texts, format=form).tz_localize(None)
        found = moments(texts.tolist(), "mdy")
        assert max(abs(expected - pd.DatetimeIndex(found))) < pd.Timedelta(seconds=0.01), form


ALPHABET = "0129|/-.,:+ TZQapmjnse\u017f\u0661"
READ_IN_A_GRAPH = tf.function(
    lambda strings: parse(strings, forms.BY_SIGN),
    input_signature=[tf.TensorSpec([None], tf.string)],
)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.lists(st.one_of(st.text(ALPHABET, max_size=20), st.binary(max_size=8)), max_size=8))
def test_no_string_breaks_the_graph(texts):
    parsed = READ_IN_A_GRAPH(tf.constant([*texts, "2012-01-31"], tf.string))
    assert parsed[-1, 0] == 15370

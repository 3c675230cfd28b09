"""What a run decided about columns and label stays decided, whatever later data would suggest."""

import json
import pathlib

import pytest

import tfapp
from tfapp.data.preprocessing import Preprocessing
from tfapp.errors import DataError
from tfapp.experiment.prepare import prepare


def save(rows, **more):
    """Days and codes that look like something else if only some rows are there."""
    header = ["day", "code", "y", *more]
    lines = [
        f"{1 + i % 28:02}/{1 + i % 9:02}/2012,{i % 3},{i % 5 * 0.5:g}" + "".join(
            f",{value(i)}" for value in more.values()
        )
        for i in rows
    ]  # fmt: skip
    pathlib.Path("people.csv").write_text("\n".join([",".join(header), *lines]))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def prepared(fitted=None, label="y"):
    return prepare(tfapp.Config(dataset="csv:people.csv", label=label), fitted=fitted)


def test_other_rows_change_neither_kinds_nor_label():
    save(range(300))
    began = prepared()
    kinds = {feature.name: feature.kind for feature in began.spec.features}
    assert kinds == {"day": "date_dmy", "code": "numeric"}
    assert began.spec.label.kind == "real"
    save(range(0, 60 * 252 * 5, 252 * 5))  # all days and codes are the same, all labels whole
    assert prepared(began.preprocess).spec == began.spec
    with pytest.raises(DataError, match="no column to learn from"):
        prepared()


def test_sets_of_labels_and_several_columns_stay_what_they_were():
    sets = {"tags": lambda i: ("red|old", "red", "old")[i % 3], "flag": lambda i: i % 2}
    save(range(300), **sets)
    for label, kind in (("tags", "multi_label"), ("y,flag", "real")):
        began = prepared(label=label)
        assert began.spec.label.kind == kind
        kept = Preprocessing.from_json(json.loads(json.dumps(began.preprocess.to_json())))
        assert prepared(kept, label).spec == began.spec
    began = prepared(label="y,flag")
    save(range(0, 300, 5), **sets)  # y is 0 wherever it is left
    assert prepared(began.preprocess, "y,flag").spec == began.spec
    assert prepared(label="y,flag").spec.label.kind == "multi_label"


def test_a_column_that_the_run_does_not_know_is_left_out():
    save(range(300))
    began = prepared()
    save(range(300), width=lambda i: i * 0.5, until=lambda i: f"2012-01-{1 + i % 28:02}")
    assert prepared(began.preprocess).spec == began.spec
    assert len(prepared().spec.features) == 4

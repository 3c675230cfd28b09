"""The rule by which numbers of a label are classes or a quantity, on labels as tables have them."""

import json
import logging

import numpy as np
import pytest

from tests.data.opening import open_all
from tfapp.data.tables.label_rule import decide
from tfapp.errors import DataError

RNG = np.random.default_rng(0)


def drawn(values, shares, rows=1000):
    """`rows` labels in which each value has its share."""
    counts = np.maximum(np.round(np.array(shares) / np.sum(shares) * rows).astype(int), 1)
    return np.repeat(np.array(values, float), counts)


def bell(low, high, peak, width):
    values = np.arange(low, high + 1)
    return drawn(values, np.exp(-(((values - peak) / width) ** 2)))


CLASSES = {
    "yes and no": ("survived", drawn([0, 1], [6, 4])),
    "3% positive": ("y", drawn([0, 1], [97, 3])),
    "minus and plus": ("y", drawn([-1, 1], [1, 1])),
    "two fractions": ("dose", drawn([0.5, 1.5], [1, 1])),
    "two of a quantity": ("age", drawn([20, 30], [1, 1])),
    "irises": ("target", drawn([0, 1, 2], [1, 1, 1], 150)),
    "polarity": ("sentiment", drawn([-1, 0, 1], [3, 1, 3])),
    "digits": ("digit", drawn(range(10), [1] * 10)),
    "stars": ("stars", drawn(range(1, 6), [10, 4, 6, 20, 60])),
    "party": ("PID", drawn(range(7), [200, 180, 108, 37, 94, 150, 175])),
    "forest cover": ("cover", drawn(range(1, 8), [36.5, 48.8, 6.2, 0.5, 1.6, 3, 3.5])),
    "shuttle": ("y", drawn(range(1, 8), [34108, 37, 132, 6748, 2458, 6, 11], 43500)),
    "letters": ("y", drawn(range(26), [1] * 26)),
    "one code never used": ("y", drawn([1, 2, 3, 5, 6, 7], [1, 2, 3, 1, 2, 1])),
    "glass": ("Type", drawn([1, 2, 3, 5, 6, 7], [70, 76, 17, 13, 9, 29], 214)),
    "codes by name": ("country_code", drawn([33, 41, 43, 49], [1, 2, 3, 4])),
    "heart disease": ("num", drawn(range(5), [164, 55, 36, 35, 13], 303)),
}
QUANTITIES = {
    "rings": ("rings", bell(1, 29, 9.5, 5)),
    "ages": ("age", drawn(range(10), [1] * 10)),
    "years": ("season", drawn(range(1970, 1983), [1] * 13)),
    "wine": ("quality", drawn(range(3, 10), [20, 163, 1457, 2198, 880, 175, 5])),
    "visits": ("mdvis", RNG.poisson(2, 3000).astype(float)),
    "children": ("y", drawn(range(7), [678, 118, 80, 5, 4, 5, 1], 891)),
    "marks": ("G3", bell(0, 20, 11, 4)[10:]),
    "schooling": ("educ", bell(0, 18, 12, 3)),
    "house numbers": ("number", drawn(range(1, 400), [1] * 399)),
    "postcodes": ("zip", drawn(range(8000, 8060), [1] * 60)),
    "tens": ("y", drawn(range(0, 101, 10), [1] * 11)),
    "few rows": ("y", drawn(range(10), [1] * 10, 20)),
    "fractions": ("y", RNG.normal(size=100).round(1)),
    "halves": ("rating", drawn([1, 1.5, 2, 2.5, 3], [1] * 5)),
}


def is_real(name, labels):
    return decide(name, *np.unique(labels, return_counts=True)).real


@pytest.mark.parametrize("case", CLASSES)
def test_these_are_classes(case):
    assert not is_real(*CLASSES[case])


@pytest.mark.parametrize("case", QUANTITIES)
def test_these_are_quantities(case):
    assert is_real(*QUANTITIES[case])


def label_of(folder, values, **flags):
    rows = "".join(f"{i % 7},{i % 5},{value}\n" for i, value in enumerate(values))
    (folder / "t.csv").write_text("a,b,y\n" + rows)
    return open_all(f"csv:{folder}/t.csv", label="y", **flags).spec.label


@pytest.mark.parametrize("values", [["0", "1", "2"], ["0.0", "1.0", "2.0"], ["2", "1", "0", ""]])
def test_whole_numbers_are_codes_however_they_are_written(tmp_path, values):
    """pandas writes 1.0 where a label is missing."""
    label = label_of(tmp_path, values * 40, drop_missing_labels=True)
    assert (label.kind, label.class_names) == ("class", ("0", "1", "2"))


@pytest.mark.parametrize("values", [["0", "1", "2"], ["0.0", "1", "2.0"], [" 0", "1 ", "2"]])
def test_strings_of_numbers_follow_the_same_rule(tmp_path, values):
    rows = [json.dumps({"a": i % 7, "b": i % 5, "y": values[i % 3]}) for i in range(120)]
    (tmp_path / "t.jsonl").write_text("\n".join(rows))
    label = open_all(f"jsonl:{tmp_path}/t.jsonl", label="y").spec.label
    assert (label.kind, label.class_names) == ("class", ("0", "1", "2"))


def test_what_was_decided_is_logged_with_the_way_to_change_it(tmp_path, caplog):
    caplog.set_level(logging.INFO, "tfapp")
    label_of(tmp_path, bell(1, 29, 9.5, 5).astype(int))
    assert "label y: 29 whole numbers from 1 to 29, some of them rare -> regression" in caplog.text
    assert "--task=classification takes its values for classes" in caplog.text
    caplog.clear()
    label_of(tmp_path, [0, 1, 2] * 50)
    assert "label y: 3 whole numbers from 0 to 2, which read like codes -> 3 classes: 0, 1, 2" in (
        caplog.text
    )
    assert "--task=regression takes its values for numbers" in caplog.text


def test_a_flag_decides_otherwise(tmp_path):
    assert label_of(tmp_path, [0, 1, 2] * 50, task="regression").kind == "real"
    assert label_of(tmp_path, [7.5, 1, 2] * 50, task="classification").num_classes == 3


def test_words_are_no_numbers(tmp_path):
    with pytest.raises(DataError, match=r"--task=regression: label y .* holds words.*'no'"):
        label_of(tmp_path, ["no", "yes"] * 50, task="regression")

"""How a CSV is read: what people's files are like, the flags, and the line in the log."""

import gzip
import logging

import numpy as np
import pytest

from tests.data.opening import open_all
from tfapp.data.splits.split_names import TRAIN
from tfapp.data.tables.columns import as_numbers, is_number
from tfapp.data.tables.dialect import Wanted
from tfapp.data.tables.part import Part, read_parts
from tfapp.data.tables.read_csv import CsvReader
from tfapp.data.tables.reading import Reading
from tfapp.errors import DataError, UsageError

TOWNS = ("Zürich", "Genève", "Köln")


def read(path, content, **wanted):
    """(columns by name: lists of numbers or strings, the line in the log, the reader)."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    reader = CsvReader(Wanted(**wanted))
    part = read_parts({TRAIN: [path]}, reader)[TRAIN]
    return values_of(part), reader.describe(), reader


def values_of(part):
    return {
        name: as_numbers(chunks)[0].tolist()
        if all(is_number(chunk.type) for chunk in chunks)
        else np.asarray(part.strings(name)).tolist()
        for name, chunks in part.columns.items()
    }


def people(rows=40, delimiter=",", header=True):
    lines = [["age", "town", "label"]] if header else []
    lines += [[f"{20 + i % 30}", TOWNS[i % 3], ("no", "yes")[i % 2]] for i in range(rows)]
    return "".join(delimiter.join(line) + "\n" for line in lines)


@pytest.mark.parametrize(
    "encoding, logged",
    [
        ("utf-8", ""), ("utf-8-sig", ""), ("utf-16", "utf-16-le"), ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"), ("utf-32", "utf-32-le"), ("latin-1", "cp1252"),
        ("cp1252", "cp1252"), ("mac-roman", "mac_roman"), ("cp850", "cp850"),
    ],
)  # fmt: skip
def test_an_encoding_is_detected_and_no_column_is_lost(tmp_path, encoding, logged):
    found, described, _ = read(tmp_path / "t.csv", people().encode(encoding))
    assert found["town"] == [TOWNS[i % 3] for i in range(40)]
    assert found["age"][:3] == [20, 21, 22]
    assert described == logged


def test_letters_that_come_late_are_no_reason_to_drop_the_column(tmp_path):
    """The beginning, by which the encoding is detected, is plain ASCII."""
    text = "age,town,label\n" + "1,Bern,yes\n" * 10_000 + "2,Zürich,no\n2,Genève,no\n"
    found, described, _ = read(tmp_path / "t.csv", text.encode("latin-1"))
    assert found["town"][-2:] == ["Zürich", "Genève"]
    assert described == "cp1252"


def test_an_encoding_that_a_flag_names_is_that_of_damaged_rows(tmp_path):
    text = "age,town,label\n" + "1,Bern,yes\n" * 10 + "2,Zürich,no\n2,Genève,no\n"
    found, _, _ = read(tmp_path / "t.csv", text.encode("latin-1"), encoding="utf-8")
    assert found["town"] == ["Bern"] * 10


def test_a_table_of_thousands_of_columns_without_a_header(tmp_path):
    row = ",".join(f"{i / 7:.25f}" for i in range(3000))
    found, described, _ = read(tmp_path / "t.csv", f"{row}\n" * 4)
    assert len(found) == 3000
    assert described == "no header"


def test_files_of_a_data_set_in_two_encodings(tmp_path):
    (tmp_path / "train.csv").write_bytes(people().encode("latin-1"))
    (tmp_path / "test.csv").write_bytes(people(10).encode())
    splits = open_all(f"csv:{tmp_path}").splits
    assert set(splits["test"].arrays()["town"].values) == set(TOWNS)


def test_rows_with_damaged_bytes_are_bad_examples(tmp_path):
    rows = people(60).encode().splitlines(keepends=True)
    rows[7] = rows[7].replace(b"\xc3", b"\xff").replace(b"Gen", b"Gen\xfe")
    (tmp_path / "t.csv").write_bytes(b"".join(rows))
    with pytest.raises(DataError, match="row 7: 'town' holds bytes that are not utf-8"):
        open_all(f"csv:{tmp_path}/t.csv")
    source = open_all(f"csv:{tmp_path}/t.csv", max_bad_examples="1")
    assert sum(split.num_examples for split in source.splits.values()) == 59
    assert [f.name for f in source.spec.features] == ["age", "town"]


# Content, the columns, and the line in the log.
FILES = {
    "semicolons": ("a;b\n1,5;x\n2,5;y\n", {"a": [1.5, 2.5], "b": ["x", "y"]},
                   "delimiter semicolon, decimal comma"),
    "tabs": ("a\tb\n1\tx, z\n2\ty\n", {"a": [1, 2], "b": ["x, z", "y"]}, "delimiter tab"),
    "pipes": ("a|b\n1|x\n2|y\n", {"a": [1, 2], "b": ["x", "y"]}, "delimiter pipe"),
    "spaces": ("a b\n1 x\n2 y\n", {"a": [1, 2], "b": ["x", "y"]}, "delimiter space"),
    "single quotes": ("a,b\n1,'x, z'\n2,'y'\n", {"a": [1, 2], "b": ["x, z", "y"]}, "quotes '"),
    "inches": ('a\tb\n1\t5" pipe\n2\t"6 pipe\n', {"a": [1, 2], "b": ['5" pipe', '"6 pipe']},
               "delimiter tab, no quotes"),
    "backslashes": ('a,b\n1,"x \\"y\\", z"\n2,u\n', {"a": [1, 2], "b": ['x "y", z', "u"]},
                    "backslash escapes"),
    "windows paths": ('a,b\n1,"C:\\x\\"\n2,"D:\\y"\n',
                      {"a": [1, 2], "b": ["C:\\x\\", "D:\\y"]}, ""),
    "blanks": ('a, b, c\n1, "x, y", u\n2, "z", v\n',
               {"a": [1, 2], "b": ["x, y", "z"], "c": ["u", "v"]}, "blanks after delimiters"),
    "no header": ("5.1,3.5,setosa\n4.9,3.0,setosa\n6.2,3.4,virginica\n",
                  {"column_1": [5.1, 4.9, 6.2], "column_2": [3.5, 3.0, 3.4],
                   "column_3": ["setosa", "setosa", "virginica"]}, "no header"),
    "dates without a header": ("2024-01-01,3\n2024-01-02,4\n", {"column_2": [3, 4]}, "no header"),
    "words without a header": ("x,p\ny,e\nx,e\n",
                               {"column_1": ["x", "y", "x"], "column_2": ["p", "e", "e"]},
                               "no header"),
    "years as names": ("land,1990,1991\nCH,1.5,2.5\nAT,3.5,4.5\n",
                       {"land": ["CH", "AT"], "1990": [1.5, 3.5], "1991": [2.5, 4.5]}, ""),
    "a year as a name": ("land,1990\nCH,1.5\nAT,3.5\n",
                         {"land": ["CH", "AT"], "1990": [1.5, 3.5]}, ""),
    "a year and a word that comes again": (
        "CH,1990\nCH,7\nAT,8\n", {"column_1": ["CH", "CH", "AT"], "column_2": [1990, 7, 8]},
        "no header"),
    "numbered columns": ("0,1,2\n7.5,8.5,9.5\n1.5,2.5,3.5\n",
                         {"0": [7.5, 1.5], "1": [8.5, 2.5], "2": [9.5, 3.5]}, ""),
    "a title above": ("Sales of 2024\n\na,b\n1,x\n2,y\n", {"a": [1, 2], "b": ["x", "y"]},
                      "1 line above the table left out"),
    "a padded title": ("Sales,,\n,,\na,b,c\n1,x,u\n2,y,v\n",
                       {"a": [1, 2], "b": ["x", "y"], "c": ["u", "v"]},
                       "2 lines above the table left out"),
    "comments above": ("# by hand\n# in May, June\na,b,c\n1,x,u\n2,y,v\n",
                       {"a": [1, 2], "b": ["x", "y"], "c": ["u", "v"]},
                       "2 lines above the table left out"),
    "a header behind a hash": ("#a,b\n1,x\n2,y\n", {"#a": [1, 2], "b": ["x", "y"]}, ""),
    "excel's first line": ("sep=;\na;b\n1;x\n2;y\n", {"a": [1, 2], "b": ["x", "y"]},
                           "delimiter semicolon, 1 line above the table left out"),
    "delimiters at the end": ("a,b\n1,x,\n2,y,\n", {"a": [1, 2], "b": ["x", "y"]}, ""),
    "and in the header": ("a,b,,\n1,x,,\n2,y,,\n", {"a": [1, 2], "b": ["x", "y"]}, ""),
    "and in some rows": ("a,b\n1,x\n2,y,\n3,z,,\n4,u\n",
                         {"a": [1, 2, 3, 4], "b": ["x", "y", "z", "u"]}, ""),
    "row names of r": ('"a","b"\n"1",7,8\n"2",9,10\n', {"": [1, 2], "a": [7, 9], "b": [8, 10]}, ""),
    "old mac": ("a,b\r1,x\r2,y\r", {"a": [1, 2], "b": ["x", "y"]}, ""),
    "blank lines": ("\n\na,b\n\n1,x\n\n2,y\n\n", {"a": [1, 2], "b": ["x", "y"]}, ""),
    "missing values": ("a,b\n1,-\n-,?\n?,NA\n2,\n", {"a": [1, np.nan, np.nan, 2]}, ""),
    "thousands": ('a,b\n"1,234",x\n"12,345",y\n987,z\n',
                  {"a": [1234, 12345, 987], "b": ["x", "y", "z"]},
                  "numbers with separators or signs in a"),
    "money": ('a,b\n"$1,234.50",x\n$7,y\n-$3.25,z\n', {"a": [1234.5, 7, -3.25]},
              "numbers with separators or signs in a ($)"),
    "euros": ("a;b\n1.234,50 €;x\n7,00 €;y\n", {"a": [1234.5, 7]},
              "delimiter semicolon, decimal comma, numbers with separators or signs in a (€)"),
    "shares": ("a,b\n12%,x\n7.5 %,y\n", {"a": [12, 7.5]},
               "numbers with separators or signs in a (%)"),
    "accounts": ('a,b\n"(1,234)",x\n"5,678",y\n', {"a": [-1234, 5678]},
                 "numbers with separators or signs in a"),
    "narrow spaces": ("a;b\n1\u202f234,5;x\n12\u00a0345,5;y\n", {"a": [1234.5, 12345.5]},
                      "delimiter semicolon, decimal comma, numbers with separators or signs in a"),
    "apostrophes": ("a;b\n1'234.5;x\n7;y\n", {"a": [1234.5, 7]},
                    "delimiter semicolon, numbers with separators or signs in a"),
    "both marks": ('a,b\n"1,5",1.5\n"2,5",2.5\n', {"a": [1.5, 2.5], "b": [1.5, 2.5]},
                   "numbers with separators or signs in a"),
    "two currencies": ("a,b\n$5,1\n€5,2\n$6,3\n", {"a": ["$5", "€5", "$6"], "b": [1, 2, 3]}, ""),
    "lists": ('a,b\n"1,2,3",1\n"4,5",2\n', {"a": ["1,2,3", "4,5"], "b": [1, 2]}, ""),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_file_as_people_have_it(tmp_path, name):
    content, expected, logged = FILES[name]
    found, described, _ = read(tmp_path / "t.csv", content)
    assert described == logged
    for column, values in expected.items():
        if isinstance(values[0], str):
            assert found[column] == values
        else:
            assert found[column] == pytest.approx(values, nan_ok=True)
    if len(expected) > 1:
        assert list(found) == list(expected)


@pytest.mark.parametrize(
    "wanted, expected",
    [
        ({}, {"a": [1.234, 2.345], "b": [1, 2]}),
        ({"decimal": "point"}, {"a": [1234, 2345], "b": [1, 2]}),
        ({"header": "false"}, {"column_1": ["a", "1,234", "2,345"], "column_2": ["b", "1", "2"]}),
        ({"missing": ("1",)}, {"a": [1.234, 2.345], "b": [np.nan, 2]}),
        ({"encoding": "utf-16"}, None),
    ],
)
def test_flags_take_precedence(tmp_path, wanted, expected):
    text = "a;b\n1,234;1\n2,345;2\n"
    if expected is None:
        found, _, _ = read(tmp_path / "t.csv", text.encode("utf-16"), **wanted)
        assert list(found) == ["a", "b"]
        return
    found, _, _ = read(tmp_path / "t.csv", text, **wanted)
    for name, values in expected.items():
        assert found[name] == (
            values if isinstance(values[0], str) else pytest.approx(values, nan_ok=True)
        )


def test_a_delimiter_that_a_flag_names(tmp_path):
    text = "a|b,c|d\n1|2,3|4\n5|6,7|8\n"
    assert list(read(tmp_path / "t.csv", text)[0]) == ["a", "b,c", "d"]
    assert list(read(tmp_path / "t.csv", text, delimiter="comma")[0]) == ["a|b", "c|d"]


def test_quotes_that_a_flag_makes_ordinary(tmp_path):
    found, _, _ = read(tmp_path / "t.csv", 'a,b\n"x",1\n"y",2\n', quote="none")
    assert found["a"] == ['"x"', '"y"']


def test_a_missing_value_that_a_flag_names_is_one_among_words_too(tmp_path):
    text = "a,b\nnobody,1\nx,-999\nNA,3\n"
    found, _, _ = read(tmp_path / "t.csv", text, missing=("nobody", "-999"))
    assert found["a"] == ["", "x", "NA"]
    assert found["b"] == pytest.approx([1, np.nan, 3], nan_ok=True)


@pytest.mark.parametrize(
    "flags, message",
    [
        ({"csv_delimiter": "ab"}, "--csv_delimiter=ab: one character, or comma, semicolon"),
        ({"csv_encoding": "utf-9"}, "--csv_encoding=utf-9: unknown; utf-8"),
        ({"csv_encoding": "base64"}, "--csv_encoding=base64: unknown; utf-8"),
    ],
)
def test_flags_that_cannot_be(tmp_path, flags, message):
    (tmp_path / "t.csv").write_text(people())
    with pytest.raises(UsageError) as caught:
        open_all(f"csv:{tmp_path}/t.csv", **flags)
    assert message in str(caught.value)


def test_flags_of_csv_for_other_data():
    with pytest.raises(UsageError, match=r"--csv_header: --dataset=parquet:t\.parquet is no"):
        open_all("parquet:t.parquet", csv_header="true")


def test_what_was_found_is_logged_in_one_line(tmp_path, caplog):
    (tmp_path / "people.csv").write_bytes(people(delimiter=";").encode("latin-1"))
    with caplog.at_level(logging.INFO, "tfapp"):
        open_all(f"csv:{tmp_path}/people.csv")
    lines = [r.getMessage() for r in caplog.records if "people.csv" in r.getMessage()]
    assert lines == ["data: people.csv: cp1252, delimiter semicolon"]


def test_plain_csv_is_not_mentioned(tmp_path, caplog):
    (tmp_path / "people.csv").write_text(people())
    with caplog.at_level(logging.INFO, "tfapp"):
        open_all(f"csv:{tmp_path}/people.csv")
    assert "people.csv:" not in caplog.text


def test_the_decision_is_made_on_train_for_all_splits(tmp_path):
    """By itself, test.csv would be read as 1234 in a file with delimiter comma."""
    train = "size;label\n" + "".join(f"{i},{i % 10};{i % 2}\n" for i in range(30))
    (tmp_path / "train.csv").write_text(train)
    (tmp_path / "test.csv").write_text("size;label\n1.234;0\n5,5;1\n")
    test = open_all(f"csv:{tmp_path}").splits["test"].arrays()
    assert test["size"].tolist() == [1234, 5.5]


def test_codes_that_look_like_numbers_in_one_file_only_are_read_alike(tmp_path):
    names = ["".join(pair) for pair in zip("ABC" * 10, "0123456789" * 3, strict=True)]
    rows = [f"{code},{i % 2}" for i, code in enumerate([*names, "01", "02"] * 2)]
    (tmp_path / "train-0.csv").write_text("code,label\n" + "\n".join(["01,0", "02,1"] * 3) + "\n")
    (tmp_path / "train-1.csv").write_text("code,label\n" + "\n".join(rows) + "\n")
    (tmp_path / "test.csv").write_text("code,label\n01,0\n02,1\n")
    splits = open_all(f"csv:{tmp_path}").splits
    assert np.asarray(splits["test"].arrays()["code"]).tolist() == ["01", "02"]
    assert "1" not in np.asarray(splits["train"].arrays()["code"]).tolist()


def test_a_word_among_numbers_with_separators_is_named_as_it_stands(tmp_path):
    rows = [f'"{i},{100 + i}",{i % 2}' for i in range(1, 100)]
    rows[57] = "many,1"
    (tmp_path / "t.csv").write_text("x,label\n" + "\n".join(rows) + "\n")
    with pytest.raises(DataError, match="row 58: 'x' is 'many', not a number"):
        open_all(f"csv:{tmp_path}/t.csv")
    source = open_all(f"csv:{tmp_path}/t.csv", max_bad_examples="1")
    assert source.splits["train"].arrays()["x"].min() >= 1101


def test_compressed_files(tmp_path):
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(people(delimiter=";").encode("utf-16")))
    assert open_all(f"csv:{tmp_path}/t.csv.gz").splits["train"].num_examples > 0


def test_a_table_to_predict_is_read_as_the_one_trained_on(tmp_path):
    train = "size;code;label\n" + "".join(f"{i}.000,5;A{i % 3};{i % 2}\n" for i in range(1, 40))
    found, _, reader = read(tmp_path / "train.csv", train)
    before = Reading.from_json(reader.reading("label").to_json())
    assert found["size"][0] == 1000.5
    path = tmp_path / "new.csv"
    path.write_text("size;code\n1.234;01\n")  # by itself, 1.234 with a decimal point, and 1
    reader = CsvReader(before=before)
    part = Part([path], reader)
    part.read_numbers(part.find_forms(reader.decimal_of))
    assert values_of(part) == {"size": [1234], "code": ["01"]}
    path.write_text("size,code\n12.5,01\n7,02\n")  # but this is clear
    reader = CsvReader(before=before)
    part = Part([path], reader)
    part.read_numbers(part.find_forms(reader.decimal_of))
    assert values_of(part) == {"size": [12.5, 7], "code": ["01", "02"]}


@pytest.mark.parametrize("label", ["column_1", "column_3"])
def test_columns_of_a_table_to_predict_without_a_header(tmp_path, label):
    train = "".join(f"{i % 2},{i}.5,x{i % 3}\n" for i in range(30))
    _, _, reader = read(tmp_path / "train.csv", train)
    before = reader.reading(label)
    path = tmp_path / "new.csv"
    path.write_text("7.5,x1\n8.5,x2\n")
    names = list(Part([path], CsvReader(before=before)).columns)
    assert names == [n for n in ("column_1", "column_2", "column_3") if n != label]
    path.write_text("7.5\n8.5\n")
    with pytest.raises(DataError, match="has 1 columns and no header, whereas the run was trained"):
        Part([path], CsvReader(before=before))

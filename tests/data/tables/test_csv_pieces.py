"""A CSV read piece by piece holds the rows that it holds as a whole."""

import gzip

import pyarrow as pa
import pytest

from tfapp.data.tables.dialect import Wanted
from tfapp.data.tables.read_csv import CsvReader

LINES = [f"{i},{i / 4},{'Zug' if i % 3 else 'Bern'}" for i in range(200)]
PLAIN = "\n".join(["id,size,town", *LINES]) + "\n"


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr("tfapp.data.tables.csv_pieces.BLOCK", 256)


def read_both(path, wanted=None):
    """(rows as dicts of strings, malformed), as a whole and piece by piece."""
    names = CsvReader(wanted).read(path)[0].column_names
    reader = CsvReader(wanted)
    reader.keep_strings(names)
    table, malformed = reader.read(path)
    pieces, numbers, bad = [], [], {}
    for piece, rows, why in CsvReader(wanted).read_pieces(path, names):
        pieces += piece.select(names).to_pylist()
        numbers += rows.tolist()
        bad |= why
    assert numbers == sorted(set(numbers))
    assert not set(numbers) & set(bad)
    return (table.to_pylist(), malformed), (pieces, bad)


def changed(place, line):
    """The plain file with another line at some place."""
    return "\n".join(["id,size,town", *LINES[:place], line, *LINES[place:]]) + "\n"


@pytest.mark.parametrize(
    "data",
    [
        PLAIN,
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("Bern", '"Be\n""rn, CH"'),
        PLAIN.replace(",", ";"),
        PLAIN.replace(",", ", "),
        f"# a title\n{PLAIN}",
        PLAIN.replace("id,size,town\n", ""),
        "\n".join(line + "," for line in PLAIN.splitlines()) + "\n",
        changed(150, "7,7,Zug,,"),  # empty fields too many
        changed(200, "7,7,Zug,,"),
        changed(150, "7,7,Zug,8") + "9,9\n",
        changed(0, "7,7,Zug,8"),
        PLAIN.rstrip("\n"),
        PLAIN.replace("Bern", "Bürn").encode("utf-16"),
        changed(150, "7,7,Zürich").encode("latin-1"),
        changed(150, "7,7,Zürich").encode() + b"8,8,Z\xffg\n",
    ],
)
def test_pieces_hold_the_rows_of_the_file(tmp_path, data):
    path = tmp_path / "a.csv"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    whole, pieces = read_both(path)
    assert len(whole[0]) >= 199
    assert pieces == whole


def test_a_compressed_file(tmp_path):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(PLAIN.encode()))
    whole, pieces = read_both(path)
    assert pieces == whole


def test_values_that_mean_missing(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(PLAIN)
    whole, pieces = read_both(path, Wanted(missing=("Bern",)))
    assert pieces == whole
    assert pieces[0][0]["town"] is None


def test_a_column_becomes_as_wide_as_its_later_values_need(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b,c\n" + "1,1,\n" * 200 + "2,2.5,x\n" + "3,3,\n" * 99 + "q,4,y\n")
    kinds, rows = [], []
    for table, numbers, malformed in CsvReader().read_pieces(path):
        assert not malformed
        kinds.append(tuple(map(str, table.schema.types)))
        rows += numbers.tolist()
        last = table
    assert rows == list(range(1, 302))
    assert kinds[0] == ("int64", "int64", "null")
    assert kinds[-1] == ("string", "double", "string")
    assert last.slice(last.num_rows - 1).to_pylist() == [{"a": "q", "b": 4.0, "c": "y"}]
    assert pa.types.is_string(last.schema.field("c").type)

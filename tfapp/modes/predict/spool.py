"""Rows as Arrow record batches, one after the other in a file that can be cut between two of them.

It begins with the schema, whose metadata has the shapes of the answers.
"""

import contextlib
import json
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from tfapp.errors import DataError
from tfapp.modes.predict.columns import INPUT, cell, flat_columns, plain

_SHAPES = b"tfapp.shapes"  # JSON: name of an answer -> [its columns, its shape without the batch]
_GROUP = 1 << 17  # rows of a row group of Parquet


def encode(piece, answers, class_names, spool):
    """The bytes of some rows, see `OutputFormat.encode`."""
    flat = {name: _answer(values) for name, values in flat_columns(answers, class_names).items()}
    first = not spool.stat().st_size
    if first:
        kept = {name: _kept(name, piece, None) for name in piece.kept}
        arrays = {INPUT: pa.array(piece.names, pa.string()), **kept, **flat}
        schema = pa.schema([(name, array.type) for name, array in arrays.items()])
        schema = schema.with_metadata({_SHAPES: json.dumps(_shapes(answers, class_names))})
    else:
        with _opened(spool) as reader:
            schema = reader.schema
        kept = {name: _kept(name, piece, schema.field(name).type) for name in piece.kept}
        arrays = {INPUT: pa.array(piece.names, pa.string()), **kept, **flat}
    batch = pa.record_batch(list(arrays.values()), schema=schema)
    head = schema.serialize().to_pybytes() if first else b""
    return head + batch.serialize().to_pybytes()


def write_parquet(spool, file):
    """Writes all rows to an open file, as Parquet."""
    with _opened(spool) as reader:
        schema = reader.schema.remove_metadata()
        with pa.parquet.ParquetWriter(file, schema, compression="zstd") as writer:
            held, count = [], 0
            for batch in reader:
                held, count = [*held, batch], count + batch.num_rows
                if count >= _GROUP:
                    writer.write_table(pa.Table.from_batches(held, schema), _GROUP)
                    held, count = [], 0
            if held:
                writer.write_table(pa.Table.from_batches(held, schema), _GROUP)


def write_npz(spool, file):
    """Writes all rows to an open file, as arrays of NumPy."""
    with _opened(spool) as reader:
        table = reader.read_all()
    shapes = json.loads(table.schema.metadata[_SHAPES])
    flat = {title for titles, _ in shapes.values() for title in titles}
    arrays = {
        name: _array(table[name].to_pylist()) for name in table.column_names if name not in flat
    }
    for name, (titles, shape) in shapes.items():
        columns = [_values(table[title]) for title in titles]
        arrays[name] = np.stack(columns, -1).reshape(-1, *shape) if shape else columns[0]
    # Names that are arguments of numpy.savez, such as "file", cannot be passed by keyword.
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


@contextlib.contextmanager
def _opened(spool):
    """The reader of a spool. Raises DataError if that is damaged."""
    try:
        with pa.ipc.open_stream(str(spool)) as reader:
            yield reader
    except pa.ArrowException as error:
        reason = str(error).splitlines()[0][:160]
        raise DataError(f"{spool}: is damaged ({reason}); repeat the command") from error


def _answer(values):
    return pa.array(plain(values) if values.dtype == object else values)


def _shapes(answers, class_names):
    return {
        name: [list(flat_columns({name: values}, class_names)), list(values.shape[1:])]
        for name, values in answers.items()
    }


def _kept(name, piece, kind):
    """A kept column as an Arrow array of type `kind`; None: that of its values."""
    values = [cell(v) if isinstance(v, (list, dict)) else v for v in piece.kept[name]]
    try:
        array = pa.array(values, kind)
    except (pa.ArrowException, OverflowError, TypeError, ValueError) as error:
        raise DataError(
            f"--keep_columns={name}: its values around row {piece.names[0]} are not of one type, "
            "which --output needs; write .jsonl or .csv"
        ) from error
    return array.cast(pa.string()) if pa.types.is_null(array.type) else array


def _array(values):
    """A kept column as numbers if it holds nothing else, else as text."""
    array = np.array([cell(value) for value in values])
    return array if array.dtype.kind in "biuf" else array.astype(str)


def _values(column):
    if pa.types.is_string(column.type):
        return np.array(column.to_pylist())
    return column.to_numpy()

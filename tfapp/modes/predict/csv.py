"""How --mode=predict reads a CSV: as the run read its own, where the file leaves it open."""

import pathlib

from tfapp.data.tables.dialect import Wanted
from tfapp.data.tables.read_csv import CsvReader
from tfapp.data.tables.reading import Reading
from tfapp.errors import DataError
from tfapp.run_folder import DATA, read_json
from tfapp.runtime.json_shape import ANY, Each, Maybe


def csv_reader(config):
    """The `CsvReader` for --input, by the flags and by how the run read its training data.

    Raises:
      UsageError: a flag is no CSV's.
      DataError: data.json is damaged.
    """
    wanted = Wanted(
        delimiter=config.csv_delimiter,
        encoding=config.csv_encoding,
        quote=config.csv_quote,
        decimal=config.csv_decimal,
        header=config.csv_header,
        missing=config.missing_values,
    )
    path = pathlib.Path(config.model_dir, DATA)
    kept = read_json(path, {"reading": Maybe(Each(ANY))})
    reading = kept.get("reading") if kept else None
    if not reading:  # other data than CSV, or a run that an older tfapp began
        return CsvReader(wanted)
    try:
        return CsvReader(wanted, before=Reading.from_json(reading))
    except DataError as error:
        raise DataError(f"{path}: {error}; remove it, and CSV is read as it looks") from error

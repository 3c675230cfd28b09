"""`text:FILE|GLOB`: plain text for language modelling; files in the order of their names.

Files named after splits are those splits; otherwise the last parts of the text are validation and
test: a language model is tested on what comes after the text that it has read.
"""

from tfapp.data.splits.array_split import ArraySplit
from tfapp.data.splits.source import Source
from tfapp.data.splits.split_names import SPLITS, TEST, TRAIN, VALIDATION
from tfapp.data.splits.string_column import TextStream
from tfapp.data.tables.files import find_files
from tfapp.errors import DataError
from tfapp.spec import DataSpec, FeatureSpec, LabelSpec

FEATURE, LABEL = "text", "next_token"


def open_text(where, *, dataset, validation_split):
    """Reads the text at `where`.

    Args:
      where: see `find_files`.
      dataset: what messages call the data set.
      validation_split: fraction of the text, for each split that is missing.

    Raises:
      DataError: there is no text, or it is not UTF-8.
    """
    files = find_files(dataset, where, (".txt", ".text", ".md"))
    texts = {split: "".join(map(_read, paths)) for split, paths in files.items()}
    for split in (TEST, VALIDATION):
        if split not in texts:
            text = texts[TRAIN]
            cut = len(text) - int(len(text) * validation_split)
            texts[TRAIN], texts[split] = text[:cut], text[cut:]
    spec = DataSpec(
        dataset,
        (FeatureSpec(FEATURE, "text", (), "string"),),
        # The number of tokens follows from the vocabulary, which is not fitted yet.
        LabelSpec(LABEL, "tokens"),
    )
    splits = {}
    for split in SPLITS:
        if not texts[split].strip():
            raise DataError(f"--dataset={dataset}: no text for the split {split}")
        splits[split] = ArraySplit({FEATURE: TextStream(texts[split])})
    return Source(spec, splits, files=tuple(str(p) for paths in files.values() for p in paths))


def _read(path):
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not UTF-8 text (byte {error.start})") from error
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from error

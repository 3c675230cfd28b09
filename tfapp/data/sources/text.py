"""`text:FILE|GLOB`: plain text to learn the language of; files in the order of their names.

Files called after splits are those splits; otherwise the text's last parts are validation and test:
a language model is tested on what comes after what it has read.
"""

from tfapp.data.splits.source import ArraySplit, Source
from tfapp.data.splits.string_column import TextStream
from tfapp.data.tables.files import find_files
from tfapp.errors import DataError
from tfapp.spec import DataSpec, FeatureSpec, LabelSpec

FEATURE, LABEL = "text", "next_token"


def open_source(where, config):
    """Reads the text at `where`. Raises DataError."""
    files = find_files(config.dataset, where, (".txt", ".text", ".md"))
    texts = {split: "".join(map(_read, paths)) for split, paths in files.items()}
    for split in ("test", "validation"):
        if split not in texts:
            text = texts["train"]
            cut = len(text) - int(len(text) * config.validation_split)
            texts["train"], texts[split] = text[:cut], text[cut:]
    spec = DataSpec(
        config.dataset,
        (FeatureSpec(FEATURE, "text", (), "string"),),
        # The number of tokens is known once the vocabulary is.
        LabelSpec(LABEL, "tokens"),
    )
    splits = {}
    for split in ("train", "validation", "test"):
        if not texts[split].strip():
            raise DataError(f"--dataset={config.dataset}: no text for the split {split}")
        splits[split] = ArraySplit({FEATURE: TextStream(texts[split])})
    return Source(spec, splits)


def _read(path):
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not UTF-8 text (byte {error.start})") from error
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from error

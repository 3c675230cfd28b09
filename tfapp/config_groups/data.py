"""The data set: where it is, how it is read, what is learnt from it."""

import dataclasses

from tfapp.config_fields import in_group
from tfapp.spec import DIGITS

_flag = in_group("Data")


@dataclasses.dataclass(frozen=True)
class Data:
    """Fields of `tfapp.config.Config`."""

    # fmt: off
    dataset: str = _flag(DIGITS,
        "digits, a TFDS name (mnist, tfds:mnist:3.0.1), folder:DIR (images, one folder a class), "
        "csv:FILE, parquet:FILE, jsonl:FILE, text:FILE, tfrecord:FILE, npz:FILE, "
        "synthetic:28x28x1[:CLASSES[:EXAMPLES]], or your own package.module:name; a FILE may be a "
        "pattern or a folder; a path alone will do where its ending shows the kind", identity=True)
    data_dir: str = _flag("", "TFDS folder; by default TFDS's own")
    manual_dir: str = _flag("", "folder with the files of a TFDS data set fetched by hand")
    offline: bool = _flag(False, "never use the network")
    label: str = _flag("",
        "what to learn, or columns a,b,c; by default the data set's own label", identity=True)
    features: tuple[str, ...] = _flag((),
        "columns of a table, or fields of records, to learn from; by default all but the label",
        identity=True)
    feature_kind: tuple[str, ...] = _flag((), "COLUMN:KIND,... where the kind inferred is wrong: "
        "numeric, boolean, code, category, text, ignored, date, or date_dmy, date_mdy or date_ymd "
        "for what comes first in 01/02/03", identity=True)
    csv_delimiter: str = _flag("auto",
        "between fields of a CSV: comma, semicolon, tab, pipe, space or any one character; auto, "
        "as for all --csv_ flags: as its first file shows", identity=True)
    csv_encoding: str = _flag("auto",
        "of a CSV's characters, as Python calls it: utf-8, utf-16, cp1252, ...", identity=True)
    csv_quote: str = _flag("auto",
        "around fields of a CSV that hold its delimiter",
        choices=("auto", "double", "single", "none"), identity=True)
    csv_decimal: str = _flag("auto",
        "decimal mark of the numbers in a CSV, where it is not clear from a column: the 1,234 of "
        "some columns is 1234 with a point", choices=("auto", "point", "comma"), identity=True)
    csv_header: str = _flag("auto",
        "whether the first row of a CSV names its columns; else they are column_1, column_2, ...",
        choices=("auto", "true", "false"), identity=True)
    missing_values: tuple[str, ...] = _flag((),
        "list of what stands for a missing value in a CSV, apart from an empty field and, among "
        "numbers, NA, NaN, null, none, missing, ?, - and the like", identity=True)
    weight_column: str = _flag("",
        "column of a table with the weights of its examples in training; by default all weigh 1",
        identity=True)
    group_column: str = _flag("",
        "column of a table whose groups must not straddle splits, such as a patient's number",
        identity=True)
    drop_missing_labels: bool = _flag(False,
        "leave out the rows of a table that have no label, and say how many; by default they are "
        "bad examples")
    unknown_category: str = _flag("accept",
        "a category of validation or test files that is not in train: accept it as unknown, and "
        "say how many there are, or stop", choices=("accept", "stop"), identity=True)
    text_length: int = _flag(0,
        "tokens of a text, or of a window of a long one; 0: from the data", identity=True, least=0)
    text_unit: str = _flag("auto",
        "what texts are cut into; auto: characters for text:FILE, else subwords",
        choices=("auto", "characters", "subwords"), identity=True)
    vocabulary_size: int = _flag(4096,
        "largest number of word pieces in the vocabulary of texts", identity=True, above=0)
    image_size: str = _flag("",
        "SIDE or HEIGHTxWIDTH in pixels to which images are resized, their aspect kept, and then "
        "cropped at the centre; by default as the files suggest", identity=True)
    flatten: bool = _flag(False, "give the model all features of an example as one vector, "
        "categories one-hot", identity=True)
    augment: tuple[str, ...] = _flag(("auto",),
        "random changes of training examples, in this order, each NAME or NAME:VALUE: flip, crop, "
        "random_resized_crop, colour, randaugment, trivialaugment, cutout, mixup, cutmix (images), "
        "token_dropout (texts), noise (numbers); none; auto: what suits the data", identity=True)
    max_bad_examples: str = _flag("0",
        "how many examples that cannot be used are skipped and listed in bad_examples.jsonl, as a "
        "number or a percentage (1%); 0: stop at the first")
    validation_split: float = _flag(0.1,
        "fraction of the examples held out for a split that the data set lacks",
        identity=True, above=0, below=1)
    # fmt: on

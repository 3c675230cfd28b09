"""What data is, in the terms that sources, models and tasks share.

A batch is a flat dict of tensors: one entry a feature, one for the label, and `SAMPLE_WEIGHT`,
float32 [batch], which is 0 for the rows that only pad the last batch of an evaluation. Batches for
augmentation hold `EXAMPLE_SEED`, int64 [batch] in [0, 2**32), a key of random numbers. tfapp's own
entries have reserved names (`reserved_name`), which no feature or label can have.
"""

import dataclasses

from tfapp.errors import DataError

_RESERVED = "\0"  # with which the name of an entry of tfapp's own begins


def reserved_name(word):
    """The name of an entry of a batch that is neither a feature nor the label."""
    return _RESERVED + word


DIGITS = "digits"  # the data set that ships with tfapp
SAMPLE_WEIGHT = reserved_name("sample_weight")
EXAMPLE_SEED = reserved_name("example_seed")
# Signatures of an exported model: of raw features; of image models also of encoded images.
SERVING_DEFAULT = "serving_default"
SERVING_BYTES = "serving_bytes"


@dataclasses.dataclass(frozen=True)
class FeatureSpec:
    """One input of the model, as the data set has it (before any preprocessing)."""

    name: str
    # "image": [height, width, channels]; "numeric": any shape of numbers; "code": a whole number
    # that is a name; "category", "text", "date", "date_dmy", "date_mdy" and "date_ymd" (what comes
    # first in 01/02/03): a scalar string
    kind: str
    shape: tuple[int, ...]  # of one example, without the batch
    dtype: str  # NumPy name, such as "uint8", or "string"
    missing_codes: tuple[float, ...] = ()  # numbers of train that stand for a missing value


@dataclasses.dataclass(frozen=True)
class InputSpec:
    """One input of the model, as preprocessing gives it."""

    name: str
    # "image" and "numeric": float32; "ids": int32 below vocabulary; "tokens": int32 [length] below
    # vocabulary, 0 beyond the text's end
    kind: str
    shape: tuple[int, ...]  # of one example, without the batch
    dtype: str  # NumPy name
    vocabulary: int = 0  # number of ids; 0 unless kind is "ids" or "tokens"
    # Of each value of a table's number: the ascending edges of the bins of its quantiles on train,
    # or () for a value that is no quantity (1 for missing); () for the whole where none are fitted.
    edges: tuple[tuple[float, ...], ...] = ()
    names: tuple[str, ...] = ()  # what each id of "tokens" spells; () if that is not known


@dataclasses.dataclass(frozen=True)
class LabelSpec:
    """What is to be predicted."""

    name: str
    # "class": an integer below num_classes; "multi_label": uint8 [num_classes], 1 for each class
    # that the example has; "real": float32 of `shape`; "tokens": int32 `shape`, what comes next at
    # each position, 0 for nothing, numbered once a vocabulary is fitted
    kind: str
    num_classes: int = 0  # 0 if kind is "real"
    class_names: tuple[str, ...] = ()  # one a class, in the order of their integers
    shape: tuple[int, ...] = ()  # of one label; () is a scalar
    value_names: tuple[str, ...] = ()  # of the values of a real label from several columns

    @property
    def positions(self):
        """How many answers a label has: one for each token of a text that is continued, or one."""
        return self.shape[0] if self.kind == "tokens" and self.shape else 1

    @property
    def num_outputs(self):
        """Width of the model's last layer, unless the task asks for another."""
        if self.kind != "real":
            return self.num_classes
        width = 1
        for size in self.shape:
            width *= size
        return width


# Task -> the kind of label that it is for.
KIND_OF_TASK = {
    "classification": "class",
    "multi_label": "multi_label",
    "regression": "real",
    "quantile_regression": "real",
    "language_modelling": "tokens",
}
# Kinds of data, by which models and recipes are chosen.
TABLE, VECTORS, IMAGES, TEXTS, LANGUAGE = "table", "vectors", "images", "texts", "language"


def kind_of_data(inputs, label):
    """One of the kinds above, for `InputSpec`s and a `LabelSpec`."""
    kinds = {spec.kind for spec in inputs}
    if label.kind == "tokens":
        return LANGUAGE
    if kinds == {"tokens"} and len(inputs) == 1:
        return TEXTS
    if kinds == {"image"}:
        return IMAGES
    if kinds == {"numeric"} and all(spec.shape for spec in inputs):
        return VECTORS
    return TABLE


@dataclasses.dataclass(frozen=True)
class DataSpec:
    """A data set's features and label.

    Raises:
      DataError: two of them have the same name, or one has a reserved name.
    """

    name: str
    features: tuple[FeatureSpec, ...]
    label: LabelSpec

    def __post_init__(self):
        names = [feature.name for feature in self.features]
        for name in (*names, self.label.name):
            if name.startswith(_RESERVED):
                raise DataError(
                    f"{self.name}: the name {name!r} begins with the character NUL; rename it"
                )
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise DataError(f"{self.name}: two features are called {twice!r}; rename one")
        if self.label.name in names:
            raise DataError(
                f"{self.name}: a feature and the label are both called {self.label.name!r}; rename "
                "one, or choose another --label"
            )

    def to_json(self):
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, value):
        """Reads what `to_json` wrote (lists for tuples are accepted)."""
        features = tuple(
            FeatureSpec(**{**f, **{k: tuple(v) for k, v in f.items() if isinstance(v, list)}})
            for f in value["features"]
        )
        label = value["label"]
        label = LabelSpec(
            **{
                **label,
                "class_names": tuple(label["class_names"]),
                "shape": tuple(label["shape"]),
                "value_names": tuple(label.get("value_names", ())),
            }
        )
        return cls(value["name"], features, label)

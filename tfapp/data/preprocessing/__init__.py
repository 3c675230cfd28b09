"""What happens between raw features and the model: fitted on train, saved in the run, exported.

One transform a feature (transform.py is the contract); one kind of transform a file. Strings become
ids once a run, and the served model does to its input exactly what was done to the training data.
fitting.py fits the transforms.
"""

import dataclasses
import logging

import numpy as np
import tensorflow as tf

from tfapp.data.preprocessing import sound
from tfapp.data.preprocessing import target as targets
from tfapp.data.preprocessing.categories import Categories, Hashed
from tfapp.data.preprocessing.codes import Codes
from tfapp.data.preprocessing.dates import Dates
from tfapp.data.preprocessing.explained import explained
from tfapp.data.preprocessing.fitting import fit_transform
from tfapp.data.preprocessing.flatten import Flatten
from tfapp.data.preprocessing.number_matrix import NUMBERS, NumberMatrix
from tfapp.data.preprocessing.robust import Robust
from tfapp.data.preprocessing.standardize import Standardize
from tfapp.data.preprocessing.target import Target
from tfapp.data.preprocessing.tokens import Tokens, next_tokens
from tfapp.data.splits.settled import Settled
from tfapp.errors import UsageError
from tfapp.runtime.threads import by_name

_LOG = logging.getLogger("tfapp")
_SAMPLE = 2048  # examples read from files, enough for the moments of pixels
SHAPE = sound.SHAPE  # of what `to_json` returns
TRANSFORMS = {
    kind.kind: kind for kind in (Standardize, Robust, Categories, Hashed, Codes, Dates, Tokens)
}


class Preprocessing:
    """The fitted transforms of all features, and the target's moments."""

    def __init__(self, transforms, target=None, flatten=None, label_kind=""):
        """
        Args:
          transforms: feature name -> `Transform`.
          target: the `Target` of a real label, or (mean, standard deviation), float32 arrays of
            its shape; None for other labels.
          flatten: a `Flatten`, which joins the features; None: they stay apart.
          label_kind: of the `LabelSpec`; "": "real" with a target, else "class".
        """
        self.transforms = transforms
        self.target = None if target is None else Target(*target)
        self.label_kind = label_kind or _implied(target)
        self._flatten = flatten
        self._matrix = NumberMatrix.of(transforms)

    def __call__(self, batch):
        """Encoded features [batch, ...], some of them perhaps in a matrix -> what the model takes.

        Returns:
          a tensor if there is one input, else a dict of tensors by name; see `input_specs`.
        """
        numbers = self._matrix(batch[NUMBERS]) if NUMBERS in batch else {}
        out = {
            name: numbers[name] if name in numbers else transform(batch[name])
            for name, transform in self.transforms.items()
        }
        if self._flatten is not None:
            return self._flatten(out)
        return next(iter(out.values())) if len(out) == 1 else out

    def encode(self, features, *, pack=True):
        """Raw features as a user sends them, name -> tensor [batch, ...] -> encoded ones.

        `pack`: whether many columns of numbers become one matrix, `number_matrix.NUMBERS`.
        """
        encoded = {name: t.encode(features[name]) for name, t in self.transforms.items()}
        return self._matrix.pack(encoded, tf.stack) if pack and self._matrix else encoded

    def unpacked(self, batch):
        """Encoded features of a batch -> NumPy by name, each column of numbers by itself."""
        arrays = {name: np.asarray(value) for name, value in batch.items()}
        if NUMBERS in arrays:
            arrays = self._matrix.unpack(arrays)
        return {name: arrays[name] for name in self.transforms}

    def encode_source(self, source, *, pack=True):
        """The source with every split encoded, and the label's tokens numbered.

        Args:
          pack: whether many columns of numbers become one matrix, `number_matrix.NUMBERS`.
        """
        spec, splits = source.spec, source.splits
        if spec.label.kind == "tokens":
            return self._encode_streams(source)
        return dataclasses.replace(
            source, splits={n: self._encode_split(split, pack) for n, split in splits.items()}
        )

    def input_specs(self, spec):
        """The `InputSpec`s of what the model takes for a `DataSpec`."""
        specs = self.feature_specs(spec)
        return specs if self._flatten is None else (self._flatten.input_spec(specs),)

    def feature_specs(self, spec):
        """The `InputSpec` of each feature of a `DataSpec`, in its order, before they are joined."""
        return tuple(self.transforms[f.name].input_spec(f) for f in spec.features)

    def seen(self, split):
        """Feature name -> `Transform.seen`, for the encoded training split."""
        columns = {} if split.by_example else split.arrays()
        if NUMBERS in columns:
            columns = {**columns, **self._matrix.columns(columns[NUMBERS])}
        return {name: t.seen(columns.get(name)) for name, t in self.transforms.items()}

    def settled(self):
        """What was decided about the data on which this was fitted."""
        kinds = {name: transform.feature_kind for name, transform in self.transforms.items()}
        return Settled(kinds, self.label_kind)

    def joined(self, spec, *, flatten):
        """The same transforms for a model that takes one vector, or each feature by itself.

        Args:
          spec: the `DataSpec`.
          flatten: whether the model gets one vector.

        Raises:
          UsageError: a text cannot be part of a vector.
        """
        apart = Preprocessing(self.transforms, self.target, None, self.label_kind)
        if not flatten:
            return apart
        vector = Flatten.of(apart.feature_specs(spec))
        return Preprocessing(self.transforms, self.target, vector, self.label_kind)

    def to_json(self):
        features = {
            name: {"kind": transform.kind, **transform.to_json()}
            for name, transform in self.transforms.items()
        }
        parts = [part for part in self.target or () if part is not None]
        target = self.target and [np.asarray(part).tolist() for part in parts]
        flatten = {"flatten": dataclasses.asdict(self._flatten)} if self._flatten else {}
        kind = {} if self.label_kind == _implied(target) else {"label": self.label_kind}
        return {"features": features, "target": target, **kind, **flatten}

    @classmethod
    def from_json(cls, value):
        """Reads what `to_json` wrote, of the form `SHAPE`. Raises ValueError for anything else."""
        try:
            transforms = {
                name: TRANSFORMS[entry["kind"]].from_json(entry)
                for name, entry in value["features"].items()
            }
            target = value["target"] and tuple(np.array(v, np.float32) for v in value["target"])
            flatten = value.get("flatten")  # runs of 0.1.0 have none
            flatten = flatten and Flatten(**flatten)
        except (LookupError, TypeError, OverflowError) as error:
            raise ValueError(f"{type(error).__name__}: {error}") from error
        if target is not None and len(target) not in (2, 4):
            raise ValueError("it has no mean and standard deviation of the target")
        for name, transform in transforms.items():
            sound.check_fields(name, transform)
        return cls(transforms, target, flatten, value.get("label", ""))

    def check(self, spec):
        """Raises ValueError unless these can be the transforms of a `DataSpec`'s features."""
        sound.check_fits(self.transforms, spec)
        real = spec.label.kind == "real"
        if real != (self.target is not None) or (
            real
            and any(
                part is not None and part.shape != tuple(spec.label.shape) for part in self.target
            )
        ):
            raise ValueError(f"its target is not of the label {spec.label.name!r}")

    def _encode_split(self, split, pack):
        if split.by_example:
            return split  # of pixels and numbers, which need no encoding
        arrays = split.arrays()
        encoded = by_name(lambda name, t: t.encode_column(arrays[name]), self.transforms)
        encoded = {**arrays, **encoded}
        return split.with_arrays(
            self._matrix.pack(encoded, np.stack) if pack and self._matrix else encoded
        )

    def _encode_streams(self, source):
        (name, transform), label = next(iter(self.transforms.items())), source.spec.label
        splits = {}
        for split, raw in source.splits.items():
            ids = transform.windows(raw.arrays()[name])
            splits[split] = raw.with_arrays({name: ids, label.name: next_tokens(ids)})
        label = dataclasses.replace(
            label,
            num_classes=transform.vocabulary,
            class_names=transform.names(),
            shape=(transform.length,),
        )
        spec = dataclasses.replace(source.spec, label=label)
        return dataclasses.replace(source, spec=spec, splits=splits)


def _implied(target):
    """The kind of a label that is not kept."""
    return "class" if target is None else "real"


def fit(
    spec,
    split,
    *,
    text_length=0,
    text_unit="auto",
    vocabulary_size=4096,
    flatten=False,
    target_transform="none",
    pixels=False,
):
    """Fits on the training split.

    Args:
      spec: a `DataSpec`.
      split: a `Split`; if its examples are in files, a sample of them is read.
      text_length: tokens of a text or window; 0: chosen from the data.
      text_unit: "characters", "subwords", or "auto": characters for one long text.
      vocabulary_size: most pieces of a text's vocabulary.
      flatten: whether the model gets all features as one vector.
      target_transform: of a real label, "auto", "none" or "log"; see `target`.
      pixels: whether it gets pixels from 0 to 255 instead of standardised ones.

    Returns:
      a `Preprocessing`.

    Raises:
      DataError: an example cannot be read, and --max_bad_examples is used up.
      UsageError: a text cannot be part of a vector, or a label has no logarithm.
    """
    arrays = split.sample(_SAMPLE)
    options = {"length": text_length, "unit": text_unit, "size": vocabulary_size, "pixels": pixels}
    features = {feature.name: feature for feature in spec.features}
    transforms = by_name(lambda name, f: fit_transform(f, arrays[name], **options), features)
    real = spec.label.kind == "real"
    target = None
    if real:
        target = _fit_target(spec.label, split, target_transform, transforms, arrays)
    fitted = Preprocessing(transforms, target, None, spec.label.kind)
    if not flatten:
        return fitted
    vector = Flatten.of(fitted.feature_specs(spec))
    return Preprocessing(transforms, target, vector, spec.label.kind)


def _fit_target(label, split, transform, transforms, sample):
    """The `Target` of a real label; logs that its logarithm is learnt. Raises UsageError."""

    def explained_of(shift):
        logs = np.log(sample[label.name].astype(np.float64) + shift)
        return explained(transforms, sample, logs)

    try:
        target, why = targets.fit(split.labels(label.name), transform, explained_of)
    except ValueError as error:
        raise UsageError(
            f"--target_transform={transform}: {label.name} {error}; a logarithm needs one value an "
            "example, none below 0"
        ) from error
    if target.shift is not None:
        learnt = f"log(1 + {label.name})" if target.shift else f"log({label.name})"
        _LOG.info(
            "label %s: %s is learnt (%s), answers and errors are in its own unit; "
            "--target_transform=none learns it as it is", label.name, learnt, why,
        )  # fmt: skip
    return target

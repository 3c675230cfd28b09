"""What happens between raw features and the model: fitted on train, saved in the run, exported.

One transform a feature (transform.py is the contract); one kind of transform a file. Strings become
ids once a run, and the served model does to its input exactly what was done to the training data.
fitting.py fits the transforms.
"""

import dataclasses

import numpy as np

from tfapp.data.preprocessing.categories import Categories, Hashed
from tfapp.data.preprocessing.dates import Dates
from tfapp.data.preprocessing.fitting import fit_target, fit_transform
from tfapp.data.preprocessing.robust import Robust
from tfapp.data.preprocessing.standardize import Standardize
from tfapp.data.preprocessing.tokens import Tokens, next_tokens
from tfapp.runtime.threads import by_name

_SAMPLE = 2048  # examples read from files, enough for the moments of pixels
TRANSFORMS = {kind.kind: kind for kind in (Standardize, Robust, Categories, Hashed, Dates, Tokens)}


class Preprocessing:
    """The fitted transforms of all features, and the target's moments."""

    def __init__(self, transforms, target=None):
        """
        Args:
          transforms: feature name -> `Transform`.
          target: (mean, standard deviation) of a real label, float32 arrays of its shape; None for
            other labels.
        """
        self.transforms = transforms
        self.target = target

    def __call__(self, batch):
        """Encoded features [batch, ...] -> what the model takes.

        Returns:
          a tensor if there is one feature, else a dict of tensors by name; see `input_specs`.
        """
        out = {name: transform(batch[name]) for name, transform in self.transforms.items()}
        return next(iter(out.values())) if len(out) == 1 else out

    def encode(self, features):
        """Raw features as a user sends them, name -> tensor [batch, ...] -> encoded ones."""
        return {name: t.encode(features[name]) for name, t in self.transforms.items()}

    def encode_source(self, source):
        """The source with every split encoded, and the label's tokens numbered."""
        spec, splits = source.spec, source.splits
        if spec.label.kind == "tokens":
            return self._encode_streams(source)
        return dataclasses.replace(
            source, splits={name: self._encode_split(split) for name, split in splits.items()}
        )

    def input_specs(self, spec):
        """The `InputSpec` of each feature of a `DataSpec`, in its order."""
        return tuple(self.transforms[f.name].input_spec(f) for f in spec.features)

    def to_json(self):
        features = {
            name: {"kind": transform.kind, **transform.to_json()}
            for name, transform in self.transforms.items()
        }
        target = self.target and [np.asarray(part).tolist() for part in self.target]
        return {"features": features, "target": target}

    @classmethod
    def from_json(cls, value):
        """Reads what `to_json` wrote."""
        transforms = {
            name: TRANSFORMS[entry["kind"]].from_json(entry)
            for name, entry in value["features"].items()
        }
        target = value["target"] and tuple(np.array(v, np.float32) for v in value["target"])
        return cls(transforms, target)

    def _encode_split(self, split):
        if split.by_example:
            return split  # of pixels and numbers, which need no encoding
        arrays = split.arrays()
        encoded = by_name(lambda name, t: t.encode_column(arrays[name]), self.transforms)
        return split.with_arrays({**arrays, **encoded})

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


def fit(spec, split, *, text_length=0, text_unit="auto", vocabulary_size=4096):
    """Fits on the training split.

    Args:
      spec: a `DataSpec`.
      split: a `Split`; if its examples are in files, a sample of them is read.
      text_length: tokens of a text or window; 0: chosen from the data.
      text_unit: "characters", "subwords", or "auto": characters for one long text.
      vocabulary_size: most pieces of a text's vocabulary.

    Returns:
      a `Preprocessing`.

    Raises:
      DataError: an example cannot be read, and --max_bad_examples is used up.
    """
    arrays = split.sample(_SAMPLE)
    texts = {"length": text_length, "unit": text_unit, "size": vocabulary_size}
    features = {feature.name: feature for feature in spec.features}
    transforms = by_name(lambda name, f: fit_transform(f, arrays[name], **texts), features)
    real = spec.label.kind == "real"
    target = fit_target(split.labels(spec.label.name)) if real else None
    return Preprocessing(transforms, target)

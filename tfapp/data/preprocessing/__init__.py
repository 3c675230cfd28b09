"""What happens between raw features and the model: fitted on train, saved in the run, exported.

One transform a feature; one kind of transform a file. A transform has
  encode_column(column)    raw column -> NumPy [n, ...], on the host, once, when data is loaded
  encode(raw)              the same in TensorFlow, [batch, ...], for the served model
  __call__(encoded)        encoded [batch, ...] -> model input, on the device, part of the step
  input_spec(feature)      the `InputSpec` of what it gives
  to_json, from_json       kept in the run's folder
so that strings become ids once a run, and the served model does to what it is sent exactly what was
done to the training data. How each is fitted is fitting.py's.
"""

import dataclasses

import numpy as np

from tfapp.data.preprocessing.categories import Categories, Hashed
from tfapp.data.preprocessing.dates import Dates
from tfapp.data.preprocessing.fitting import fit_target, fit_transform
from tfapp.data.preprocessing.standardize import Standardize
from tfapp.data.preprocessing.tokens import Tokens, next_tokens
from tfapp.runtime.threads import by_name

_SAMPLE = 2048  # examples read from files, enough for the moments of pixels
TRANSFORMS = {kind.kind: kind for kind in (Standardize, Categories, Hashed, Dates, Tokens)}


class Preprocessing:
    """The fitted transforms of all features, and the target's moments."""

    def __init__(self, transforms, target=None):
        """
        Args:
          transforms: feature name -> transform.
          target: (mean, deviation) of a real label, float32 arrays of its shape; None: of classes.
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
        """Raw features, name -> tensor [batch, ...], as a user sends them -> encoded."""
        return {name: t.encode(features[name]) for name, t in self.transforms.items()}

    def encode_source(self, source):
        """The source with every split encoded, and the label's tokens known."""
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
        if getattr(split, "by_example", False):
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


def fit(spec, split, **texts):
    """Fits on the examples of `split`, the training split.

    Args:
      spec: a `DataSpec`.
      split: a split; one whose examples lie in files is looked at in part.
      **texts: length, unit and size, how texts are cut into tokens; see `Tokens.fit`.
    """
    arrays = split.sample(_SAMPLE)
    features = {feature.name: feature for feature in spec.features}
    transforms = by_name(lambda name, f: fit_transform(f, arrays[name], texts), features)
    real = spec.label.kind == "real"
    target = fit_target(split.labels(spec.label.name)) if real else None
    return Preprocessing(transforms, target)

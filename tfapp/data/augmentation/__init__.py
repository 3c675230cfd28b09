"""Random changes of training examples, on the device, before preprocessing.

Every random number is a function of (seed, example, epoch), so that a continued run, another engine
or another number of replicas draws the same. Images are float32 [batch, height, width, channels] in
the data's own range while they are changed.
"""

import dataclasses
from collections.abc import Callable

import tensorflow as tf

from tfapp.data.augmentation import colour, cutout, geometry, mix, noise, policies
from tfapp.errors import UsageError
from tfapp.registry import suggest
from tfapp.spec import EXAMPLE_SEED


@dataclasses.dataclass(frozen=True)
class Kind:
    """One augmentation."""

    change: Callable  # (values [batch, ...], seeds [batch], value, stream) -> changed values
    features: tuple[str, ...]  # kinds of features it is for
    default: float
    least: float  # of the value
    most: float


_TOKENS, _IMAGE = ("tokens",), ("image",)
KINDS = {
    "flip": Kind(geometry.flip, _IMAGE, 0.5, 0, 1),  # probability
    "crop": Kind(geometry.crop, _IMAGE, 0.125, 0, 512),  # padding: pixels, below 1 a share
    "random_resized_crop": Kind(geometry.random_resized_crop, _IMAGE, 0.08, 0, 1),  # least area
    "colour": Kind(colour.jitter, _IMAGE, 0.4, 0, 1),  # strength
    "randaugment": Kind(policies.randaugment, _IMAGE, 9, 0, 30),  # magnitude
    "trivialaugment": Kind(policies.trivialaugment, _IMAGE, 30, 0, 30),  # largest magnitude
    "cutout": Kind(cutout.cutout, _IMAGE, 0.5, 0, 512),  # side: pixels, below 1 a share
    "token_dropout": Kind(noise.token_dropout, _TOKENS, 0.1, 0, 1),  # probability
    "noise": Kind(noise.feature_noise, ("numeric",), 0.1, 0, 100),  # standard deviations of train
}
MIXES = {"mixup": 0.2, "cutmix": 1.0}  # both parameters of the Beta distribution
CROPS = "random_resized_crop"
AUTO, NONE = ("auto",), ("none",)  # in place of names: what the recipe has, and nothing
ALONE = (AUTO, NONE)


def parse(entries):
    """--augment to (name, value) pairs; none of "auto" and "none", which stand alone.

    Raises:
      UsageError: an unknown name, or a value out of its bounds.
    """
    known = (*KINDS, *MIXES)
    pairs = []
    if tuple(entries) in ALONE:
        return pairs
    for entry in entries:
        name, colon, text = entry.partition(":")
        if (name,) in ALONE:
            raise UsageError(f"--augment={','.join(entries)}: {name} excludes every other item")
        if name not in known:
            raise UsageError(
                f"--augment={entry}: unknown{suggest(name, known)} (one of {', '.join(known)})"
            )
        value = KINDS[name].default if name in KINDS else MIXES[name]
        if colon:
            value = _number(entry, name, text)
        pairs.append((name, value))
    return pairs


def _number(entry, name, text):
    kind = KINDS.get(name)
    least, most = (kind.least, kind.most) if kind else (1e-3, 100)
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        raise UsageError(f"--augment={entry}: the value must lie between {least:g} and {most:g}")
    return value


class Augmentation:
    """Changes a training batch; `build` makes it."""

    def __init__(self, changes, mixing, label):
        self._changes = changes  # [(feature name, function of (values, seeds))]
        self._mixing = mixing  # (feature name, function of (images, labels, seeds)), or None
        self._label = label

    def __call__(self, batch):
        """A batch with EXAMPLE_SEED -> the changed batch without it.

        With mixup or cutmix the label becomes float32 [batch, num_classes], shares of the classes.
        """
        batch = dict(batch)
        seeds = batch.pop(EXAMPLE_SEED)
        for name, change in self._changes:
            batch[name] = change(batch[name], seeds)
        if self._mixing is not None:
            name, mixing = self._mixing
            images = tf.cast(batch[name], tf.float32)
            batch[name], batch[self._label] = mixing(images, batch[self._label], seeds)
        return batch


def build(entries, spec, inputs, *, micro_batch, standard_deviations):
    """Builds the `Augmentation` of --augment.

    Args:
      entries: the flag's items, NAME or NAME:VALUE; at least one.
      spec: a `DataSpec`.
      inputs: the `InputSpec`s of its features.
      micro_batch: examples that a replica processes at once: mixing pairs neighbours among them.
      standard_deviations: (feature name) -> those of a numeric feature on train.

    Raises:
      UsageError: an entry is unknown, or the data has nothing that it could change.
    """
    kinds = {i.name: i.kind for i in inputs}
    changes, mixes = [], {}
    for stream, (name, value) in enumerate(parse(entries)):
        if name in MIXES:
            mixes[name] = value
            continue
        kind = KINDS[name]
        features = [feature for feature, k in kinds.items() if k in kind.features]
        if not features:
            raise UsageError(
                f"--augment={name}: is for features of kind {kind.features[0]}; {spec.name} has "
                + ", ".join(f"{n} ({k})" for n, k in kinds.items())
            )
        tones = name in ("colour", "randaugment", "trivialaugment")
        if tones and any(f.dtype != "uint8" for f in spec.features if f.name in features):
            raise UsageError(f"--augment={name}: needs pixels that are uint8, 0 to 255")
        if name == "noise":
            value = {feature: value * standard_deviations(feature) for feature in features}
        changes += [(f, _bound(kind.change, value, f, 16 * stream)) for f in features]
    return Augmentation(changes, _mixing(mixes, spec, kinds, micro_batch), spec.label.name)


def _bound(change, value, feature, stream):
    value = value[feature] if isinstance(value, dict) else value
    return lambda values, seeds: change(values, seeds, value, stream)


def _mixing(mixes, spec, kinds, micro_batch):
    if not mixes:
        return None
    flag = f"--augment={','.join(mixes)}"
    images = [name for name, kind in kinds.items() if kind == "image"]
    if len(kinds) != 1 or not images or spec.label.kind != "class":
        raise UsageError(f"{flag}: needs one image and classes; {spec.name} has other data")
    if micro_batch % 2:
        raise UsageError(
            f"{flag}: mixes pairs, and {micro_batch} examples are together on a replica; use a "
            "--batch_size that divides into an even number"
        )
    return images[0], mix.mixing(mixes, spec.label.num_classes)

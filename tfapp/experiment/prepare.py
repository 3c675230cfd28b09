"""The one way from --dataset to what a model is fed: open, hold out, fit, encode.

Training, evaluation and --mode=inspect all see data through `prepare`.
"""

import dataclasses
import logging

from tfapp.data import open_source, preprocessing
from tfapp.data.augmentation import ALONE
from tfapp.data.pipeline import dispatcher
from tfapp.data.pipeline.data_service import DataService
from tfapp.data.pipeline.local_reader import HERE
from tfapp.data.pipeline.pieces import PieceReader
from tfapp.data.preprocessing import Preprocessing
from tfapp.data.splits import holdout
from tfapp.data.splits.source import Source
from tfapp.data.splits.split_names import TEST, TRAIN
from tfapp.errors import UsageError
from tfapp.experiment.encoding import encode
from tfapp.experiment.point_out import point_out
from tfapp.models import takes_pixels

_LOG = logging.getLogger("tfapp")
_REGRESSION = ("auto", "regression")
_NAMED = 20  # features that the log names
_EXAMPLES = 64  # of the test split, raw, on which an export is compared


@dataclasses.dataclass(frozen=True)
class Data:
    """A data set, ready for a model."""

    source: Source  # encoded, with train, validation and test
    preprocess: Preprocessing
    examples: dict  # raw features of a few test examples, name -> NumPy [n, ...]
    raw: Source | None  # before it was encoded, where `prepare` was asked to keep it
    reader: PieceReader = HERE  # of what is streamed

    @property
    def served(self):
        """Whether a data service reads what is streamed."""
        return self.reader is not HERE

    @property
    def spec(self):
        """The `DataSpec`."""
        return self.source.spec

    @property
    def inputs(self):
        """The `InputSpec`s of what the model takes."""
        return self.preprocess.input_specs(self.spec)

    @property
    def feature_inputs(self):
        """The `InputSpec` of each feature, before --flatten joins them."""
        return self.preprocess.feature_specs(self.spec)


def prepare(
    config, *, fitted=None, taken=None, list_in=None, keep_raw=False, check=lambda raw: None
):
    """Opens the data set and encodes it.

    Args:
      config: a `Config`.
      fitted: the `Preprocessing` of an earlier start of the run; None: it is fitted on train.
      taken: the `Preprocessing` of another run, whose transforms a new run takes; None: none.
      list_in: folder in which examples that cannot be used are listed; None: nowhere.
      keep_raw: whether `Data.raw` is kept, which costs memory.
      check: called with the raw `Source`, all of whose splits are known, before it is encoded.

    Returns:
      a `Data`.

    Raises:
      UsageError, DataError, StorageError: the data cannot be used.
    """
    if config.data_service:
        dispatcher.find(config.data_service)
    raw = holdout.with_all_splits(
        open_source(
            config.dataset,
            label=config.label,
            task=config.task,
            features=config.features,
            feature_kind=config.feature_kind,
            weight_column=config.weight_column,
            group_column=config.group_column,
            drop_missing_labels=config.drop_missing_labels,
            max_bad_examples=config.max_bad_examples,
            csv_delimiter=config.csv_delimiter,
            csv_encoding=config.csv_encoding,
            csv_quote=config.csv_quote,
            csv_decimal=config.csv_decimal,
            csv_header=config.csv_header,
            missing_values=config.missing_values,
            image_size=config.image_size,
            validation_split=config.validation_split,
            data_dir=config.data_dir,
            manual_dir=config.manual_dir,
            offline=config.offline,
            settled=(fitted or taken) and (fitted or taken).settled(),
        ),
        fraction=config.validation_split,
        seed=config.seed,
    )
    if list_in is not None:
        raw.bad_examples.keep_in(list_in)
    check(raw)
    if fitted is None:
        point_out(raw)
    if fitted is None and taken is not None:
        fitted = taken.joined(raw.spec, flatten=config.flatten)
    found = raw.splits[TEST].examples(_EXAMPLES)
    preprocess = fitted or preprocessing.fit(
        raw.spec,
        raw.splits[TRAIN],
        text_length=config.text_length,
        text_unit=config.text_unit,
        vocabulary_size=config.vocabulary_size,
        flatten=config.flatten,
        # Other tasks have losses of their own.
        target_transform=config.target_transform if config.task in _REGRESSION else "none",
        pixels=takes_pixels(config.model),
    )
    # Augmentation changes features one by one, by name; that of auto changes images alone.
    pack = config.augment in ((), *ALONE)
    source = encode(raw, preprocess, unknown_category=config.unknown_category, pack=pack)
    _log(source)
    return Data(
        source=source,
        preprocess=preprocess,
        examples={f.name: found[f.name] for f in source.spec.features},
        raw=raw if keep_raw else None,
        reader=_reader(config.data_service, source),
    )


def _reader(address, source):
    """The `PieceReader` of --data_service=`address`. Raises UsageError."""
    if not address:
        return HERE
    why = source.splits[TRAIN].only_here
    if why:
        raise UsageError(
            f"--data_service={address}: cannot serve {source.spec.name}, because {why}; drop the "
            "flag, or use a data set of image files or TFRecords"
        )
    return DataService(address, fail=source.bad_examples.fail)


def _real(label):
    several = len(label.value_names)
    return f"{several} real values" if several else "real values"


def _log(source):
    spec = source.spec
    counts = ", ".join(f"{split.num_examples:,} {name}" for name, split in source.splits.items())
    features = ", ".join(f"{f.name} {f.dtype}{list(f.shape)}" for f in spec.features[:_NAMED])
    if len(spec.features) > _NAMED:
        features += f" and {len(spec.features) - _NAMED:,} more"
    label = {
        "class": f"{spec.label.num_classes} classes",
        "multi_label": f"any of {spec.label.num_classes} labels",
        "real": _real(spec.label),
        "tokens": f"the next of {spec.label.num_classes} tokens",
    }[spec.label.kind]
    _LOG.info("data: %s: %s examples; %s -> %s", spec.name, counts, features, label)

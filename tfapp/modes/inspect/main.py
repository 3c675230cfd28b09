"""--mode=inspect: what a data set holds, before any time goes into training."""

import logging
import time

from tfapp.modes.inspect import report
from tfapp.runtime import output, strict_json

_LOG = logging.getLogger("tfapp")
_SHOWN = 32  # examples on the contact sheet
_READ_SECONDS = 2.0  # how long reading is timed
_READ_BATCH = 64
_EXAMPLES = 4096  # from which features are described


def main(config):
    """Prints tables, or one JSON object with --json; draws a contact sheet of images."""
    found = run(config)
    output.answer(strict_json.dumps(found) if config.json else report.text(found))


def run(config):
    """Inspects the data set.

    Returns:
      a dict that can be written as JSON: splits, features, label, duplicates, reading, and the path
      of the contact sheet, None if there are no images.

    Raises:
      TfappError: data that cannot be used.
    """
    # TensorFlow is imported here.
    from tfapp.data import augmentation
    from tfapp.experiment.devices import choose_devices
    from tfapp.experiment.ground import name_model
    from tfapp.experiment.prepare import prepare
    from tfapp.experiment.recipe.fill_in import fill_in
    from tfapp.modes.inspect import contact_sheet, duplicates, features

    augmentation.parse(config.augment)  # its names, before the data is opened
    strategy = choose_devices(config).strategy
    data = prepare(config, keep_raw=True)
    replicas, model = strategy.num_replicas_in_sync, name_model(config, data, "")
    config, _ = fill_in(config, data, num_replicas=replicas, model=model)
    sample = data.raw.splits["train"].sample(_EXAMPLES)
    # A long text has no examples or labels until it is cut into windows of tokens.
    examples = data.source if data.spec.label.kind == "tokens" else data.raw
    return {
        "dataset": data.spec.name,
        "splits": {name: split.num_examples for name, split in examples.splits.items()},
        "features": [features.describe(f, sample[f.name]) for f in data.spec.features],
        "label": features.describe_label(examples),
        "first_rows": features.first_rows(data.raw, sample),
        "duplicates": duplicates.find(examples),
        "reading": _reading(config, data, strategy),
        "sheet": contact_sheet.draw(config, data, _SHOWN),
        "bad_examples": data.source.bad_examples.count,
    }


def _reading(config, data, strategy):
    """How fast examples of train are read, and which engine training would use."""
    import tensorflow as tf

    from tfapp.data.pipeline import choose as engines
    from tfapp.data.pipeline.stream import StreamInput
    from tfapp.distribution.devices import device_type
    from tfapp.experiment import augment

    train, _, crops = augment.divide(config.augment, data.source.splits["train"])
    choice = engines.choose(
        config.engine,
        train,
        strategy=strategy,
        device_type=device_type(),
        crops=crops,
        served=data.served,
    )
    batch_size = min(_READ_BATCH, train.num_examples)
    reader = StreamInput(
        train, strategy=tf.distribute.get_strategy(), batch_size=batch_size, seed=config.seed,
        with_seeds=bool(crops), reader=data.reader,
    )  # fmt: skip
    with data.source.bad_examples.reporting():
        begin = time.monotonic()
        reader.restart(0)
        next(reader.inputs)
        first = time.monotonic() - begin
        begin, batches = time.monotonic(), 0
        while time.monotonic() - begin < _READ_SECONDS:
            next(reader.inputs)
            batches += 1
        seconds = time.monotonic() - begin
    return {
        "seconds_to_first_batch": round(first, 3),
        "examples_per_second": round(batches * batch_size / seconds, 1),
        "bytes_once_decoded": train.nbytes,
        "engine": choice.name,
        "reason": choice.reason,
    }

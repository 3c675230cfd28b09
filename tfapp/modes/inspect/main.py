"""--mode=inspect: what tfapp sees in a data set, before a minute is spent on training."""

import json
import logging
import time

from tfapp.modes.inspect import report

_LOG = logging.getLogger("tfapp")
_SHOWN = 32  # examples of the contact sheet
_READ_SECONDS = 2.0  # for which reading is timed
_READ_BATCH = 64
_EXAMPLES = 4096  # of which features are described, where examples lie in files


def main(config):
    """Prints tables, or one JSON object with --json; images go to a contact sheet besides."""
    found = run(config)
    print(json.dumps(found) if config.json else report.text(found))


def run(config):
    """Looks at the data.

    Returns:
      a dict that can be written as JSON: splits, features, label, duplicates, reading, and the path
      of the contact sheet, None without images.

    Raises:
      TfappError: data that cannot be used.
    """
    # TensorFlow is imported here.
    from tfapp.distribution.strategy import build_strategy, device_type
    from tfapp.experiment import encoding
    from tfapp.modes.inspect import contact_sheet, duplicates, features

    strategy, _ = build_strategy(config)
    source = encoding.open_data(config)
    train = source.splits["train"]
    sample = train.sample(_EXAMPLES)
    fitted = encoding.fit(config, source)
    encoded = fitted.encode_source(source)
    # A long text has examples, and they a label, once it is cut into windows of tokens.
    examples = encoded if source.spec.label.kind == "tokens" else source
    found = {
        "dataset": source.spec.name,
        "splits": {name: split.num_examples for name, split in examples.splits.items()},
        "features": [features.describe(f, sample[f.name]) for f in source.spec.features],
        "label": features.describe_label(examples),
        "first_rows": features.first_rows(source, sample),
        "duplicates": duplicates.find(examples),
    }
    found["reading"] = _reading(config, encoded, strategy, device_type())
    found["sheet"] = contact_sheet.draw(config, encoded, fitted, _SHOWN)
    found["bad_examples"] = source.bad_examples.count
    return found


def _reading(config, source, strategy, device_type):
    """How fast examples of train are read, and where training would have them."""
    import tensorflow as tf

    from tfapp.data.pipeline import choose as engines
    from tfapp.data.pipeline.stream import StreamInput
    from tfapp.experiment import augment

    train, _, crops = augment.plan(config, source.spec, source.splits["train"])
    choice = engines.choose(
        config.engine, train, strategy=strategy, device_type=device_type, crops=crops
    )
    batch_size = min(_READ_BATCH, train.num_examples)
    reader = StreamInput(
        train, strategy=tf.distribute.get_strategy(), batch_size=batch_size, seed=config.seed,
        with_seeds=bool(crops),
    )  # fmt: skip
    with source.bad_examples.reporting():
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

"""SavedModel in TensorFlow Serving's layout, export/1, export/2, ...: raw input in, answers out.

`tfapp.export.signatures` says what it answers. An argument has its feature's name if that is an
identifier, else one derived from it: the file `ARGUMENTS` of `tfapp.export.served_model` maps names
to arguments, and `CLASS_NAMES` lists the classes.
"""

import json

import tensorflow as tf

from tfapp.export import saved_model_file, warmup
from tfapp.export.check_decoding import check_decoding
from tfapp.export.compare import check_answers
from tfapp.export.decoding import decoding_signatures
from tfapp.export.exporter import Exporter
from tfapp.export.served_decoder import TOKENS
from tfapp.export.served_model import ARGUMENTS, CLASS_NAMES, ServedModel
from tfapp.export.signatures import CORE, METHODS, from_features, signatures_of, takes_bytes
from tfapp.spec import SERVING_BYTES, SERVING_DEFAULT

_WARMUP_BYTES = 1 << 20  # of a batch of several examples among the warm-up requests


class SavedModelExporter(Exporter):
    """One copy of the weights, and the functions that serve them."""

    name = "savedmodel"
    runtime = "TensorFlow"

    def versions_folder(self, folder):
        """The export folder itself, which TensorFlow Serving polls."""
        return folder

    def write(self, servable, folder):
        _save(servable, folder, signatures_of(servable))

    def load(self, folder):
        """Its signature `core`."""
        model = tf.saved_model.load(str(folder))  # kept: signatures do not keep it

        def run(arguments):
            return model.signatures[CORE](**{n: tf.constant(v) for n, v in arguments.items()})

        return run

    def verify(self, servable, folder, examples):
        """Compares on all examples and on a batch of one."""
        model = ServedModel(folder)
        for size in sorted({len(next(iter(examples.values()))), 1}):
            batch = {name: array[:size] for name, array in examples.items()}
            expected = servable.serve(batch)
            check_answers(folder, model.answer(batch), expected)
            if model.takes_bytes:
                ((_, images),) = batch.items()
                files = [tf.io.encode_png(image).numpy() for image in images]
                check_answers(folder, model.answer_bytes(files), expected)
        check_decoding(folder, servable, examples)

    def add_requests(self, servable, folder, examples):
        """The warm-up requests of TensorFlow Serving: of one example, of several, of its bytes."""
        arguments = {servable.argument_names[n]: array for n, array in examples.items()}
        one = {name: array[:1] for name, array in arguments.items()}
        requests = [(SERVING_DEFAULT, one)]
        if 0 < sum(array.nbytes for array in arguments.values()) <= _WARMUP_BYTES:
            requests.append((SERVING_DEFAULT, arguments))
        if takes_bytes(servable.spec):
            ((name, image),) = one.items()
            requests.append((SERVING_BYTES, {name: [tf.io.encode_png(image[0]).numpy()]}))
        warmup.write_requests(folder, requests)

    def trial(self, servable, folder, examples):
        """Skips the decoding of images, which is the same for every model and slow to trace."""
        # The graph by which TensorFlow Serving restores the weights is not needed here either.
        options = tf.saved_model.SaveOptions(experimental_skip_saver=True)
        signatures = {SERVING_DEFAULT: from_features(servable), **decoding_signatures(servable)}
        _save(servable, folder, signatures, options)
        self.verify(servable, folder, examples)


def _save(servable, folder, signatures, options=None):
    root = tf.Module(name="tfapp")
    # One flat list for each kind of weight: a SavedModel keeps each of its variables once.
    root.trainable_weights = list(servable.trainable_weights)
    root.other_weights = list(servable.other_weights)
    tf.saved_model.save(root, str(folder), signatures=signatures, options=options)
    saved_model_file.tidy(folder, {name: METHODS[name] for name in signatures if name in METHODS})
    (folder / ARGUMENTS).parent.mkdir()
    tokens = {name: transform.to_json() for name, transform in servable.tokens.items()}
    label = servable.spec.label
    classes = label.class_names if label.kind in ("class", "multi_label") else ()
    files = [(ARGUMENTS, servable.argument_names), (CLASS_NAMES, classes)]
    for file, names in [*files, (TOKENS, tokens)] if tokens else files:
        text = json.dumps(names, indent=1, ensure_ascii=False)
        (folder / file).write_text(f"{text}\n", encoding="utf-8")

"""SavedModel in TensorFlow Serving's layout, export/1, export/2, ...: raw input in, answers out.

Signatures: serving_default takes the features; of models of one 8-bit image, serving_bytes takes
encoded images. An argument has its feature's name if that is an identifier, else one derived from
it: the file `ARGUMENTS` of `tfapp.export.served_model` maps names to arguments, and `CLASS_NAMES`
lists the classes.
"""

import json

import tensorflow as tf

from tfapp.data.images import decode as image_decode
from tfapp.export import placed_nodes
from tfapp.export.compare import check_answers
from tfapp.export.exporter import Exporter
from tfapp.export.served_model import ARGUMENTS, CLASS_NAMES, ServedModel
from tfapp.spec import SERVING_BYTES, SERVING_DEFAULT


class SavedModelExporter(Exporter):
    """One copy of the weights, and the functions that serve them."""

    name = "savedmodel"

    def versions_folder(self, folder):
        """The export folder itself, which TensorFlow Serving polls."""
        return folder

    def write(self, servable, folder):
        signatures = {SERVING_DEFAULT: _from_features(servable)}
        if _takes_bytes(servable.spec):
            signatures[SERVING_BYTES] = _from_bytes(servable)
        _save(servable, folder, signatures)

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

    def trial(self, servable, folder, examples):
        """Skips the decoding of images, which is the same for every model and slow to trace."""
        # The graph by which TensorFlow Serving restores the weights is not needed here either.
        options = tf.saved_model.SaveOptions(experimental_skip_saver=True)
        _save(servable, folder, {SERVING_DEFAULT: _from_features(servable)}, options)
        self.verify(servable, folder, examples)


def _save(servable, folder, signatures, options=None):
    root = tf.Module(name="tfapp")
    # One flat list for each kind of weight: a SavedModel keeps each of its variables once.
    root.trainable_weights = list(servable.trainable_weights)
    root.other_weights = list(servable.other_weights)
    tf.saved_model.save(root, str(folder), signatures=signatures, options=options)
    placed_nodes.forget_job(folder)
    (folder / ARGUMENTS).parent.mkdir()
    label = servable.spec.label
    classes = label.class_names if label.kind in ("class", "multi_label") else ()
    for file, names in ((ARGUMENTS, servable.argument_names), (CLASS_NAMES, classes)):
        text = json.dumps(names, indent=1, ensure_ascii=False)
        (folder / file).write_text(f"{text}\n", encoding="utf-8")


def _from_features(servable):
    """The concrete function that takes features, one argument each."""

    def serve(**arguments):
        return servable.serve({n: arguments[a] for n, a in servable.argument_names.items()})

    specs = {spec.name: spec for spec in servable.feature_specs.values()}
    return tf.function(serve, autograph=False).get_concrete_function(**specs)


def _from_bytes(servable):
    """The concrete function that takes encoded images, string [batch], decoded as in training."""
    (feature,) = servable.spec.features
    height, width, channels = feature.shape
    decode = image_decode.decoder((height, width), channels)
    argument = servable.argument_names[feature.name]

    def serve_bytes(**arguments):
        pixels = tf.map_fn(
            decode,
            arguments[argument],
            fn_output_signature=tf.TensorSpec(feature.shape, tf.uint8),
        )
        return servable.serve({feature.name: pixels})

    encoded = tf.TensorSpec([None], tf.string, name=argument)
    return tf.function(serve_bytes, autograph=False).get_concrete_function(**{argument: encoded})


def _takes_bytes(spec):
    """True if the model's one input is an image of 8 bits, grey or in colour."""
    first, alone = spec.features[0], len(spec.features) == 1
    return alone and first.kind == "image" and first.dtype == "uint8" and first.shape[-1] in (1, 3)

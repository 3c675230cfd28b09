"""What a SavedModel answers, one function a signature.

serving_default takes raw features; of models of one 8-bit image, serving_bytes takes encoded
images. core is arithmetic alone, from encoded features to logits or values: other runtimes are made
from it. Where the answers are the probabilities of classes or a number,
classify or regress takes serialized tf.train.Examples, as TensorFlow Serving's requests do. Of a
language model, decoding.py has those that continue a text.
"""

import tensorflow as tf

from tfapp.data.images import decode as image_decode
from tfapp.export.decoding import decoding_signatures
from tfapp.spec import SERVING_BYTES, SERVING_DEFAULT

CORE, CLASSIFY, REGRESS = "core", "classify", "regress"
# Signature -> what TensorFlow Serving calls the request that it is for; all others: predict.
METHODS = {
    CLASSIFY: "tensorflow/serving/classify",
    REGRESS: "tensorflow/serving/regress",
}
_EXAMPLES = "examples"  # argument of classify and regress
OUTPUTS = "outputs"


def signatures_of(servable):
    """Signature -> tf.ConcreteFunction, all that fit a `Servable`."""
    found = {SERVING_DEFAULT: from_features(servable), CORE: from_numbers(servable)}
    if takes_bytes(servable.spec):
        found[SERVING_BYTES] = _from_bytes(servable)
    found |= decoding_signatures(servable)
    answers, label = servable.answer_specs, servable.spec.label
    if label.class_names and _has(answers, "probabilities", rank=2):
        found[CLASSIFY] = _from_examples(servable, _classes(label.class_names))
    elif label.kind == "real" and _has(answers, "value", rank=1):
        found[REGRESS] = _from_examples(servable, lambda answers: {OUTPUTS: answers["value"]})
    return found


def takes_bytes(spec):
    """True if the model's one input is an image of 8 bits, grey or in colour."""
    return len(spec.features) == 1 and _is_picture(spec.features[0])


def from_features(servable):
    """The function that takes features, one argument each."""

    def serve(**arguments):
        return servable.serve({n: arguments[a] for n, a in servable.argument_names.items()})

    specs = {spec.name: spec for spec in servable.feature_specs.values()}
    return tf.function(serve, autograph=False).get_concrete_function(**specs)


def from_numbers(servable):
    """The function from encoded features, one argument each, to {"outputs": [batch, ...]}."""
    specs = servable.encoded_specs

    def core(**arguments):
        return {OUTPUTS: servable.numeric({n: arguments[spec.name] for n, spec in specs.items()})}

    taken = {spec.name: spec for spec in specs.values()}
    return tf.function(core, autograph=False).get_concrete_function(**taken)


def _from_bytes(servable):
    """The function that takes encoded images, string [batch], decoded as in training."""
    (feature,) = servable.spec.features
    argument = servable.argument_names[feature.name]

    def serve_bytes(**arguments):
        return servable.serve({feature.name: _decoded(feature, arguments[argument])})

    encoded = tf.TensorSpec([None], tf.string, name=argument)
    return tf.function(serve_bytes, autograph=False).get_concrete_function(**{argument: encoded})


def _from_examples(servable, answer):
    """The function from serialized tf.train.Examples, string [batch], to `answer` of the answers.

    An Example's features have the data set's names. Pictures are encoded; a number that is missing
    is NaN, a text that is missing is empty.
    """
    features = servable.spec.features
    form = {feature.name: _field_of(feature) for feature in features}

    def serve_examples(**arguments):
        raw = tf.io.parse_example(arguments[_EXAMPLES], form)
        values = {
            f.name: _decoded(f, raw[f.name]) if _is_picture(f) else tf.cast(raw[f.name], f.dtype)
            for f in features
        }
        return answer(servable.serve(values))

    serialized = tf.TensorSpec([None], tf.string, name=_EXAMPLES)
    return tf.function(serve_examples, autograph=False).get_concrete_function(
        **{_EXAMPLES: serialized}
    )


def _field_of(feature):
    """How a feature is kept in a tf.train.Example: a tf.io.FixedLenFeature."""
    dtype = tf.as_dtype(feature.dtype)
    if _is_picture(feature) or dtype == tf.string:
        return tf.io.FixedLenFeature((), tf.string, None if _is_picture(feature) else "")
    if dtype.is_floating:
        missing = None if feature.shape else float("nan")
        return tf.io.FixedLenFeature(feature.shape, tf.float32, missing)
    return tf.io.FixedLenFeature(feature.shape, tf.int64)


def _decoded(feature, files):
    """Encoded images, string [batch] -> uint8 [batch, height, width, channels]."""
    height, width, channels = feature.shape
    return tf.map_fn(
        image_decode.decoder((height, width), channels),
        files,
        fn_output_signature=tf.TensorSpec(feature.shape, tf.uint8),
    )


def _classes(names):
    def answer(answers):
        scores = answers["probabilities"]
        return {"classes": tf.tile([list(names)], [tf.shape(scores)[0], 1]), "scores": scores}

    return answer


def _has(answers, name, *, rank):
    return name in answers and answers[name].shape.rank == rank


def _is_picture(feature):
    return feature.kind == "image" and feature.dtype == "uint8" and feature.shape[-1] in (1, 3)

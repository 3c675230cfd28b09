"""A model that ends in a softmax or sigmoid trains as the one that ends in its logits."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests import softmax_models
from tests.softmax_models import HIDDEN, SEEN
from tfapp.errors import UsageError
from tfapp.experiment.model_outputs import describe, find_reader
from tfapp.models.outputs import Form, OutputReader
from tfapp.spec import LabelSpec
from tfapp.tasks.classification import Classification
from tfapp.training import groups, optimizers
from tfapp.training.step import StepOptions, make_step_functions

IMAGES = np.random.default_rng(0).normal(size=(8, 4, 4, 1)).astype("f4")


@pytest.fixture
def build():
    """build(name, policy, **arguments): a model, the same weights each time."""
    before = keras.config.dtype_policy()

    def make(name, policy="float32", **arguments):
        keras.config.set_dtype_policy(policy)
        keras.utils.set_random_seed(3)
        model = vars(softmax_models)[name](**arguments)
        model(IMAGES)
        return model

    yield make
    keras.config.set_dtype_policy(before)


def label_of(classes):
    return LabelSpec("y", "class", classes, tuple(str(i) for i in range(classes)))


def reader_of(model, classes):
    return find_reader("own", model, model(IMAGES[:2]), label_of(classes), lambda: IMAGES)


def measured(model, jit=None, classes=10, **options):
    """(loss, gradients) of one batch."""
    functions = make_step_functions(
        model=model,
        task=Classification(label_of(classes)),
        preprocess=lambda batch: batch["x"],
        optimizer=optimizers.build_optimizer("sgd", learning_rate=0.1),
        label="y",
        options=StepOptions(batch_size=len(IMAGES), **options),
        read_outputs=reader_of(model, classes),
    )
    values = {
        groups.TRAINABLE: [v.value for v in model.trainable_variables],
        groups.NON_TRAINABLE: [v.value for v in model.non_trainable_variables],
    }
    values = {name: tuple(map(tf.convert_to_tensor, group)) for name, group in values.items()}
    batch = {"x": tf.constant(IMAGES), "y": tf.range(len(IMAGES)) % classes}

    @tf.function(autograph=False, jit_compile=jit)
    def compiled():
        return functions.gradients(values, batch, 0)

    found = compiled()
    return float(found.sums["loss"]), [g.numpy() for g in found.grads]


def assert_same(mine, theirs, tolerance=1e-6):
    assert mine[0] == pytest.approx(theirs[0], rel=tolerance)
    for a, b in zip(mine[1], theirs[1], strict=True):
        np.testing.assert_allclose(a, b, atol=tolerance * np.abs(b).max())
    assert max(np.abs(b).max() for b in theirs[1]) > 0


CASES = [
    ("dense", "float32", None),
    ("dense", "mixed_bfloat16", None),
    ("cast", "mixed_float16", None),
    ("tensorflow", "float32", True),
    *(
        pytest.param(end, policy, jit, marks=pytest.mark.slow)
        for end in SEEN
        for policy in ("float32", "mixed_bfloat16", "mixed_float16")
        for jit in (None, True)
    ),
]


@pytest.mark.parametrize("end, policy, jit", CASES)
def test_a_softmax_that_is_seen_is_left_out(build, end, policy, jit):
    expected = measured(build("Ending", policy), jit)
    assert_same(measured(build("Ending", policy, end=end), jit), expected)


@pytest.mark.parametrize("end", HIDDEN)
def test_a_hidden_softmax_differs_by_rounding(build, end):
    assert_same(measured(build("Ending", end=end)), measured(build("Ending")), 1e-5)


@pytest.mark.parametrize("end, tolerance", [("sigmoid", 1e-6), ("tensorflow", 1e-6),
                                            ("logit", 1e-6), ("hidden", 1e-5)])  # fmt: skip
def test_one_unit_stands_for_the_second_of_two_classes(build, end, tolerance):
    expected = measured(build("TwoLogits"), classes=2)
    assert_same(measured(build("OneUnit", end=end), classes=2), expected, tolerance)


def test_a_sigmoid_for_each_class_is_a_softmax_of_its_inputs(build):
    assert_same(measured(build("EachItsSigmoid")), measured(build("Ending")))


@pytest.mark.parametrize("jit", [None, pytest.param(True, marks=pytest.mark.slow)])
def test_the_softmax_of_a_block_that_is_computed_again(build, jit):
    expected = measured(build("in_a_block", end="logits"))
    found = measured(build("in_a_block"), jit, remat=True)
    assert_same(found, expected)


def test_a_model_may_give_logits_in_training_alone(build):
    model = build("TrainsOnLogits")
    assert_same(measured(model), measured(build("Ending")))
    assert "in training it gives logits" in describe(reader_of(model, 10), label_of(10))


def test_dropout_after_the_softmax_is_refused(build):
    with pytest.raises(UsageError, match="in training neither these nor logits"):
        reader_of(build("DropsProbabilities"), 10)


@pytest.mark.parametrize("name, arguments, classes, text", [
    ("Ending", {"end": "dense"}, 10, "ends in a softmax"),
    ("Ending", {"end": "quotient"}, 10, "takes their logarithms, clipped at 1e-07"),
    ("OneUnit", {}, 2, "the sigmoid's input as the logit of the class '1'"),
    ("OneUnit", {"end": "logit"}, 2, "its one output is the logit of the class '1'"),
    ("OneUnit", {"end": "hidden"}, 2, "gives the probability of the class '1'"),
    ("EachItsSigmoid", {}, 10, "the sigmoid's input as the logits of a softmax"),
    ("Ending", {}, 10, ""),
])  # fmt: skip
def test_what_was_taken_is_told(build, name, arguments, classes, text):
    told = describe(reader_of(build(name, **arguments), classes), label_of(classes))
    assert text in told
    assert bool(told) == bool(text)


def test_tokens_have_a_softmax_each():
    model = keras.Sequential([keras.layers.Embedding(7, 4), keras.layers.Dense(7, "softmax")])
    ids = tf.reshape(tf.range(10) % 7, (2, 5))
    label = LabelSpec("next", "tokens", 7, tuple("abcdefg"), (5,))
    reader = find_reader("own", model, model(ids), label, lambda: ids)
    assert reader == OutputReader(Form.SOFTMAX, Form.SOFTMAX)


@pytest.mark.parametrize(
    "activation, form", [("sigmoid", Form.SIGMOID), (lambda z: 1 / (1 + 2.0**-z), None)]
)
def test_each_label_of_a_set_is_a_probability_by_itself(activation, form):
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(3, activation)])
    label = LabelSpec("tags", "multi_label", 3, ("a", "b", "c"), (3,))
    reader = find_reader("own", model, model(IMAGES[:2]), label, lambda: IMAGES)
    assert reader.evaluated is (form or Form.PROBABILITIES)
    shares = tf.constant([[0.2, 0.5, 0.9]])
    odds = np.log([0.2 / 0.8, 1, 9])
    assert reader(shares, None, training=False).numpy()[0] == pytest.approx(odds, abs=1e-5)
    text = "the sigmoid's input" if form else "takes their log-odds"
    assert text in describe(reader, label)


def test_values_are_left_as_they_are(build):
    """A label of real numbers may well lie between 0 and 1."""
    model = build("OneUnit")
    label = LabelSpec("y", "real", shape=(1,))
    reader = find_reader("own", model, model(IMAGES[:2]), label, lambda: IMAGES)
    outputs = tf.constant([[0.25]])
    assert reader(outputs, None, training=True) is outputs


RUNS = [
    ("off", "float32", 2),
    *(
        pytest.param(placement, precision, replicas, marks=pytest.mark.slow)
        for placement in ("loop", "step", "gradients", "update", "off")
        for precision in ("float32", "bfloat16", "float16")
        for replicas in (1, 2)
        if replicas == 1 or placement in ("gradients", "update", "off")
    ),
]


@pytest.mark.parametrize("placement, precision, replicas", RUNS)
def test_a_run_is_that_of_the_logits(make_experiment, placement, precision, replicas):
    ended = []
    for end in ("logits", "dense"):
        built = make_experiment(
            model="tests.softmax_models:Ending", model_arg=(f"end={end}",), xla=placement,
            precision=precision, logical_devices=0 if replicas == 1 else replicas,
        )  # fmt: skip
        built.engine.restart(0)
        sums = built.run_loop(0, 3).sums
        evaluated = built.evaluate("validation").metrics
        weights = [v.numpy() for v in built.model.trainable_variables]
        ended.append((sums["loss"], evaluated, weights))
    (loss, evaluated, weights), (other_loss, other, others) = ended
    assert other_loss == pytest.approx(loss, rel=1e-6)
    assert other == pytest.approx(evaluated, rel=1e-6)
    for a, b in zip(others, weights, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6 * np.abs(b).max(initial=1e-3))

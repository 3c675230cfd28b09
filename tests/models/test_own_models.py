"""A user's own models by name: made for the run or built already, compiled, of several inputs."""

import keras
import numpy as np
import pytest

import tfapp
from tests.models_for_tests import Block
from tfapp.errors import UsageError
from tfapp.models import build_model, built
from tfapp.models.remarks import remarks
from tfapp.spec import InputSpec

VECTOR = (InputSpec("x", "numeric", (6,), "float32"),)
ROWS = np.random.default_rng(0).normal(size=(3, 6)).astype("f4")


class Own(keras.Model):
    """A class whose constructor takes no further arguments."""

    def __init__(self, width=4):
        super().__init__()
        self.width = width
        self.hidden, self.head = keras.layers.Dense(width, "relu"), keras.layers.Dense(2)

    def call(self, x):
        return self.head(self.hidden(x))

    def get_config(self):
        return {**super().get_config(), "width": self.width}


class NoArguments(Own):
    def __init__(self):
        super().__init__(3)


def sequential():
    layers = [keras.layers.Dense(4), keras.layers.Lambda(lambda x: 2 * x), keras.layers.Dense(2)]
    return keras.Sequential([keras.Input((6,)), *layers])


def functional():
    x = keras.Input((6,), name="x")
    return keras.Model(x, keras.layers.Dense(2)(Block(6)(x)))


MADE = {
    "sequential": sequential,
    "sequential without an input": lambda: keras.Sequential([keras.layers.Dense(2)]),
    "functional": functional,
    "class": lambda: Own(width=5),
    "class without arguments": NoArguments,
}
ORIGINAL = functional()


def returning():
    """A function that gives the same model each time."""
    return ORIGINAL


@pytest.fixture
def register(monkeypatch):
    """register(target): the name of a --model."""
    monkeypatch.setattr("tfapp.models.MODELS._entries", {})

    def add(target):
        tfapp.register_model("own", target)
        return "own"

    return add


def build(name, inputs=VECTOR, **arguments):
    return build_model(name, arguments, outputs=2, inputs=inputs)


@pytest.mark.parametrize("kind", MADE)
def test_a_built_model_is_copied_with_its_weights(register, kind):
    original = MADE[kind]()
    expected = np.asarray(original(ROWS))
    name = register(original)
    for copy in (build(name), build(name)):
        assert copy is not original
        copy(ROWS)
        built.take_weights(copy, "own")
        np.testing.assert_allclose(copy(ROWS), expected, rtol=1e-6)
        for variable in copy.trainable_variables:
            variable.assign(variable + 1.0)
    np.testing.assert_array_equal(original(ROWS), expected)
    assert any("begins with the weights that it has" in line for line in remarks(copy))


def test_a_function_may_give_a_model_that_is_built_already(register):
    copy = build(register(returning))
    assert copy is not ORIGINAL
    built.take_weights(copy, "own")
    np.testing.assert_allclose(copy(ROWS), ORIGINAL(ROWS), rtol=1e-6)


@pytest.mark.parametrize("target", [Own, sequential], ids=["class", "function"])
def test_a_model_that_is_made_for_the_run_is_used_itself(register, target):
    model = build(register(target))
    assert built.original_of(model) is model
    assert not remarks(model)


def test_a_built_model_takes_no_arguments(register):
    with pytest.raises(UsageError, match="--model_arg=width: own takes no arguments"):
        build(register(Own()), width=3)


@pytest.mark.parametrize(
    "policy, precision",
    [("float32", "float32"), ("mixed_bfloat16", "bfloat16"), ("float16", "float16")],
)
def test_the_precision_is_that_of_the_layers(policy, precision):
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(2, dtype=policy)])
    assert built.precision_of(model, "own") == precision


def test_a_precision_that_cannot_be_trained_is_refused():
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(2, dtype="float64")])
    with pytest.raises(UsageError, match="compute in float64"):
        built.precision_of(model, "own")


@pytest.mark.parametrize("given, code, text", [
    ("auto", 0, "precision: bfloat16 ("),
    ("float32", 2, "--precision=float32: the model own is built already and computes in bfloat16"),
])  # fmt: skip
def test_precision_and_a_built_model(register, run_cli, given, code, text):
    layers = [keras.layers.Flatten(), keras.layers.Dense(10, dtype="mixed_bfloat16")]
    model = keras.Sequential([keras.Input((8, 8, 1)), *layers])
    done = run_cli(f"--model={register(model)}", f"--precision={given}", "--only_check_args",
                   "--export=none", "--xla=off")  # fmt: skip
    assert done.code == code
    assert text in done.err


def compiled(optimizer="adam", loss="sparse_categorical_crossentropy"):
    model = sequential()
    model.compile(optimizer, loss)
    return model


@pytest.mark.parametrize("make", [lambda: compiled, compiled], ids=["function", "built"])
def test_what_a_model_was_compiled_with_is_named(register, make):
    (line,) = [line for line in remarks(build(register(make()))) if "compiled" in line]
    assert "Adam and the loss sparse_categorical_crossentropy: not used" in line


class OwnStep(Own):
    def train_step(self, data):
        return {}


class OwnLoss(Own):
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return 0.0


class Derived(OwnStep):
    """Inherits the step."""


@pytest.mark.parametrize("kind, method", [(OwnStep, "train_step"), (OwnLoss, "compute_loss"),
                                          (Derived, "train_step")])  # fmt: skip
@pytest.mark.parametrize("as_class", [True, False])
def test_a_training_step_of_its_own_is_refused(register, kind, method, as_class):
    name = register(kind if as_class else lambda: kind())
    with pytest.raises(UsageError, match=f"has its own {method}, which tfapp's step would skip; "):
        build(name)


class OwnEvaluation(Own):
    def test_step(self, data):
        return {}


def test_an_evaluation_of_its_own_is_named(register):
    assert remarks(build(register(OwnEvaluation))) == [
        "its own test_step are not used: the task evaluates and answers"
    ]


def of_two(as_dict, first="age", second="size"):
    inputs = {first: keras.Input((1,), name=first), second: keras.Input((2,), name=second)}
    outputs = keras.layers.Dense(2)(keras.layers.Concatenate()(list(inputs.values())))
    return keras.Model(inputs if as_dict else list(inputs.values())[::-1], outputs)


AGE, SIZE = (
    InputSpec("age", "numeric", (), "float32"),
    InputSpec("size", "numeric", (2,), "float32"),
)
TABLE = {"age": np.ones(3, "f4"), "size": ROWS[:, :2]}


@pytest.mark.parametrize("as_dict", [True, False])
def test_several_inputs_are_the_features_of_their_names(register, as_dict):
    model = build(register(lambda: of_two(as_dict)), (AGE, SIZE))
    kernel = np.asarray(model.trainable_variables[0])
    expected = np.concatenate([TABLE["age"][:, None], TABLE["size"]], 1) @ kernel
    np.testing.assert_allclose(model(TABLE), expected, rtol=1e-5)


@pytest.mark.parametrize("make, inputs, message", [
    (lambda: of_two(True, "ages"), (AGE, SIZE),
     "it has no input for 'age' and the data has no 'ages'; keras.Input"),
    (lambda: of_two(False), (AGE,), "the data has no 'size'"),
    (lambda: of_two(True), (AGE, SIZE, *VECTOR), "it has no input for 'x'"),
    (functional, (AGE, *VECTOR), "it has no input for 'age'; --flatten gives a model of one input"),
])  # fmt: skip
def test_inputs_that_are_not_the_features_are_refused(register, make, inputs, message):
    with pytest.raises(UsageError, match=f"--model=own: .*{message}"):
        build(register(make), inputs)


def test_one_input_may_have_any_name(register):
    assert build(register(functional), (InputSpec("y", "numeric", (6,), "float32"),))

"""The seed network's arithmetic against an independent float64 reference, and against PyTorch.

All goes through what a run uses (the built experiment, its loop and evaluation), so a formula is
held for data preparation, step, optimizer and placement together. The batch is the whole training
split, which makes a step independent of the order.
"""

import math

import numpy as np
import pytest

from tests.training import reference

ROWS, FEATURES, CLASSES = 64, 100, 10
LOSSES = {
    "sparse_categorical_crossentropy": reference.cross_entropy,
    "mean_squared_error": reference.squared_error_of_probabilities,
}


@pytest.fixture
def arrays():
    """64 examples of 100 numbers with uneven scales, in 10 classes, for all three splits."""
    random = np.random.default_rng(7)
    x = (random.normal(size=(ROWS, FEATURES)) * random.uniform(0.1, 9, FEATURES)).astype("f4")
    y = random.integers(0, CLASSES, ROWS)
    y[:CLASSES] = np.arange(CLASSES)
    targets = random.normal(size=(ROWS, 3)).astype("f4")
    return {"x": x, "y": y, "targets": targets}


@pytest.fixture
def experiment(make_experiment, save_npz, arrays):
    """experiment(**changes): the seed network on `arrays`, all of them in one batch."""

    def make(label="y", **changes):
        splits = {
            f"{name}_{split}": arrays[source]
            for name, source in (("x", "x"), ("y", label))
            for split in ("train", "validation", "test")
        }
        path = save_npz(**splits)
        return make_experiment(dataset=f"npz:{path}", batch_size=ROWS, **changes)

    return make


def weights_of(experiment):
    """(W1, b1, W2, b2) in float64."""
    return tuple(np.asarray(w, np.float64) for w in experiment.state.read()["trainable"])


def take_steps(experiment, count):
    """Runs the real loop; returns the mean loss of these steps."""
    experiment.engine.restart(experiment.state.host.step)
    sums = experiment.run_loop(0, count).sums
    return sums["loss"] / sums["count"]


def assert_close(ours, theirs, relative):
    """Largest difference, relative to the largest value of each array."""
    for a, b in zip(ours, theirs, strict=True):
        assert np.abs(a - b).max() <= relative * np.abs(b).max()


def test_forward_pass_and_answers(experiment, arrays):
    built = experiment()
    outputs = built.model(built.data.preprocess({"x": arrays["x"]}))
    _, expected = reference.forward(weights_of(built), reference.standardise(arrays["x"]))
    assert_close([outputs], [expected], 1e-5)
    answers = built.task.answers(outputs, None)
    assert_close([answers["probabilities"]], [reference.softmax(expected)], 1e-5)
    assert np.array_equal(answers["class_id"], expected.argmax(-1))


@pytest.mark.parametrize("loss", LOSSES)
def test_losses_are_measured_as_the_formulas_say(experiment, arrays, loss):
    built = experiment(loss=loss)
    x = reference.standardise(arrays["x"])
    expected, _ = reference.loss_and_gradients(weights_of(built), x, arrays["y"], LOSSES[loss])
    assert built.evaluate("test").metrics["loss"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(
    "hardware",
    [{}, {"xla": "off"}, pytest.param({"logical_devices": 2}, marks=pytest.mark.slow)],
    ids=str,
)
def test_every_gradient_and_a_step_of_gradient_descent(experiment, arrays, loss, hardware):
    rate = 1.0
    built = experiment(loss=loss, optimizer="sgd", learning_rate=rate, **hardware)
    before = weights_of(built)
    x = reference.standardise(arrays["x"])
    expected_loss, gradients = reference.loss_and_gradients(before, x, arrays["y"], LOSSES[loss])
    assert take_steps(built, 1) == pytest.approx(expected_loss, rel=1e-5)
    after = weights_of(built)
    assert_close(after, reference.gradient_descent(before, gradients, rate), 1e-6)
    measured = [(b - a) / rate for b, a in zip(before, after, strict=True)]
    assert_close(measured, gradients, 1e-4)  # float32 weights, of which a gradient is a difference


def test_squared_error_of_real_values(experiment, arrays):
    built = experiment(label="targets", optimizer="sgd", learning_rate=0.1)
    before = weights_of(built)
    x = reference.standardise(arrays["x"])
    loss, gradients = reference.loss_and_gradients(
        before, x, reference.standardise(arrays["targets"]), reference.squared_error
    )
    assert built.evaluate("test").metrics["loss"] == pytest.approx(loss, rel=1e-5)
    assert take_steps(built, 1) == pytest.approx(loss, rel=1e-5)
    assert_close(weights_of(built), reference.gradient_descent(before, gradients, 0.1), 1e-6)


def test_three_steps_of_adam(experiment, arrays):
    built = experiment(optimizer="adam", learning_rate=0.01)
    weights = weights_of(built)
    x = reference.standardise(arrays["x"])
    moments = ([np.zeros_like(w) for w in weights], [np.zeros_like(w) for w in weights])
    for step in (1, 2, 3):
        _, gradients = reference.loss_and_gradients(
            weights, x, arrays["y"], reference.cross_entropy
        )
        weights, moments = reference.adam(weights, gradients, moments, step, rate=0.01)
        if step == 1:
            take_steps(built, 1)
            assert_close(weights_of(built), weights, 5e-5)
    take_steps(built, 2)
    # float32 holds 1 - 0.999 to five digits, which is what bounds the agreement.
    assert_close(weights_of(built), weights, 5e-5)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_the_pytorch_twin_learns_the_same(experiment, arrays, optimizer):
    torch = pytest.importorskip("torch")
    built = experiment(optimizer=optimizer, learning_rate=0.01)
    w1, b1, w2, b2 = (torch.tensor(w, dtype=torch.float32) for w in weights_of(built))
    twin = torch.nn.Sequential(
        torch.nn.Linear(FEATURES, 128), torch.nn.ReLU(), torch.nn.Linear(128, CLASSES)
    )
    parameters = list(twin.parameters())
    with torch.no_grad():
        for parameter, value in zip(parameters, (w1.T, b1, w2.T, b2), strict=True):
            parameter.copy_(value)
    kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[optimizer]
    theirs = kind(parameters, lr=0.01)
    x = torch.tensor(reference.standardise(arrays["x"].astype("f8")), dtype=torch.float32)
    y = torch.tensor(arrays["y"])
    for step in range(1, 11):
        if optimizer == "adam":  # PyTorch adds epsilon to the corrected root, Keras to the raw one
            theirs.param_groups[0]["eps"] = 1e-7 / math.sqrt(1 - 0.999**step)
        theirs.zero_grad()
        loss = torch.nn.functional.cross_entropy(twin(x), y)
        loss.backward()
        theirs.step()
    ours = take_steps(built, 10)
    assert ours > loss.item()  # ours is the mean over the ten steps, and both have learnt
    learnt = [p.detach().numpy() for p in parameters]
    assert_close(weights_of(built), [learnt[0].T, learnt[1], learnt[2].T, learnt[3]], 1e-4)

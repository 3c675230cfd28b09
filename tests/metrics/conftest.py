"""Random predictions, and metrics computed over batches as a loop of steps computes them."""

import functools

import numpy as np
import pytest
import tensorflow as tf

EXAMPLES = 600


@pytest.fixture
def predictions():
    """predictions(classes, **): float32 logits [600, classes] better than chance, and classes."""

    def make(classes, *, seed=0, examples=EXAMPLES):
        random = np.random.default_rng(seed)
        labels = random.integers(0, classes, examples).astype("i4")
        logits = random.normal(size=(examples, classes)).astype("f4") * 2
        logits[np.arange(examples), labels] += 1.5
        return logits, labels

    return make


def sum_of(update, metric, outputs, labels, weights=None, *, parts=1, dtype=tf.float32):
    """The state of `metric` after `parts` batches."""
    weights = np.ones(len(labels), "f4") if weights is None else weights
    state = metric.zero()
    assert state.dtype == tf.float64
    for rows in np.array_split(np.arange(len(labels)), parts):
        batch = (tf.cast(outputs[rows], dtype), tf.constant(labels[rows]))
        part = update(*batch, tf.constant(weights[rows]))
        assert (part.dtype, part.shape) == (state.dtype, state.shape)
        state += part
    return state.numpy()


@functools.cache
def compiled(metric, jit):
    """Its update; once a metric, for compilation takes most of the time."""
    return tf.function(metric.update, jit_compile=jit or None, autograph=False)


@pytest.fixture(params=[False, True], ids=["graph", "xla"])
def state_of(request):
    """state_of(metric, outputs, labels, ...): the sum over batches, with and without XLA."""

    def compute(metric, *pairs, **options):
        return sum_of(compiled(metric, request.param), metric, *pairs, **options)

    return compute


@pytest.fixture
def eager_state_of():
    """The same without `tf.function`."""
    return lambda metric, *pairs: sum_of(metric.update, metric, *pairs)


@pytest.fixture
def padded():
    """padded(outputs, labels): with rows of NaN in between, and the weights that exclude them."""

    def pad(outputs, labels):
        weights = (np.random.default_rng(1).random(len(labels)) < 0.7).astype("f4")
        outputs = np.where(weights.reshape(-1, *[1] * (outputs.ndim - 1)) > 0, outputs, np.nan)
        return outputs.astype("f4"), labels, weights

    return pad

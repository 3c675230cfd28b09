"""What every metric owes: padding counts nothing, batches add up, results have fixed keys."""

import json

import numpy as np
import pytest
import tensorflow as tf

from tfapp.metrics.accuracy import Accuracy, TopKAccuracy
from tfapp.metrics.auc import AreasUnderCurves
from tfapp.metrics.calibration import ExpectedCalibrationError
from tfapp.metrics.confusion import ConfusionMatrix, MacroF1
from tfapp.metrics.label_areas import LabelAreas
from tfapp.metrics.label_sets import (
    HammingLoss,
    LabelCalibrationError,
    LabelLogLoss,
    MicroF1,
    SubsetAccuracy,
)
from tfapp.metrics.label_sets import (
    MacroF1 as MacroF1OfSets,
)
from tfapp.metrics.log_loss import LogLoss
from tfapp.metrics.quantiles import ConformalOffsets, Coverage, OfColumn, PinballLoss
from tfapp.metrics.regression import R2, MeanAbsoluteError, MeanSquaredError, TargetErrors

CLASSES = 12
METRICS = [
    Accuracy(), TopKAccuracy(5), LogLoss(), MacroF1(CLASSES), AreasUnderCurves(CLASSES),
    ExpectedCalibrationError(), ConfusionMatrix([str(c) for c in range(CLASSES)]),
    MeanAbsoluteError(), MeanSquaredError(), R2(CLASSES),
]  # fmt: skip
NAMES = [f"name {i}" for i in range(CLASSES)]
OF_SETS = [
    SubsetAccuracy(), HammingLoss(), LabelLogLoss(), MicroF1(), MacroF1OfSets(NAMES),
    LabelAreas(CLASSES), LabelCalibrationError(),
]  # fmt: skip
LEVELS = tuple((i + 1) / (CLASSES + 1) for i in range(CLASSES))
OF_QUANTILES = [
    PinballLoss(LEVELS, NAMES, 2.0), Coverage(0.5), ConformalOffsets(LEVELS, NAMES),
    OfColumn(MeanAbsoluteError(), 3),
]  # fmt: skip
OF_TARGETS = [TargetErrors(NAMES, 3.0), R2(CLASSES, NAMES)]
METRICS += [*OF_SETS, *OF_QUANTILES, *OF_TARGETS]


@pytest.fixture(params=METRICS, ids=lambda metric: metric.name)
def metric(request):
    return request.param


def reported(metric, state):
    """What states are compared by: XLA rounds otherwise, and a score may change its bin."""
    return metric.result(state) or state


@pytest.fixture
def pairs(metric, predictions):
    """Outputs and labels of the metric's kind."""
    logits, classes = predictions(CLASSES)
    random = np.random.default_rng(2)
    if metric in OF_SETS:
        return logits, (random.random(logits.shape) < 0.3).astype("u1")
    if metric in OF_QUANTILES:
        return np.sort(logits), random.normal(size=(len(logits), 1)).astype("f4") + 2
    if metric in OF_TARGETS:
        return logits, logits + random.normal(size=logits.shape).astype("f4")
    if "error" in metric.name or metric.name == "r2":
        real = logits + np.random.default_rng(2).normal(size=logits.shape).astype("f4")
        return (logits, classes) if "calibration" in metric.name else (logits, real)
    return logits, classes


def test_padded_rows_count_nothing_even_if_they_are_nan(
    metric, pairs, padded, state_of, eager_state_of
):
    outputs, labels, weights = padded(*pairs)
    kept = weights > 0
    expected = eager_state_of(metric, outputs[kept], labels[kept])
    assert np.abs(expected).sum() > 0
    found = state_of(metric, outputs, labels, weights)
    assert reported(metric, found) == pytest.approx(reported(metric, expected), rel=1e-4)


def test_batches_add_up_to_the_whole(metric, pairs, state_of, eager_state_of):
    whole = eager_state_of(metric, *pairs)
    found = state_of(metric, *pairs, parts=4)
    assert reported(metric, found) == pytest.approx(reported(metric, whole), rel=1e-4)


def test_outputs_of_lower_precision_are_counted_in_float32(metric, pairs, state_of, eager_state_of):
    for dtype in (tf.bfloat16, tf.float16):
        outputs = tf.cast(tf.cast(pairs[0], dtype), tf.float32).numpy()
        expected = eager_state_of(metric, outputs, pairs[1])
        found = state_of(metric, outputs, pairs[1], dtype=dtype)
        assert reported(metric, found) == pytest.approx(reported(metric, expected), rel=1e-4)


def test_results_have_the_same_keys_before_the_first_example(metric, pairs, eager_state_of):
    found = metric.result(eager_state_of(metric, *pairs))
    assert metric.result(metric.zero().numpy()).keys() == found.keys()
    assert all(type(value) is float for value in found.values())


def test_details_can_be_written_as_json(metric, pairs, eager_state_of):
    for state in (eager_state_of(metric, *pairs), metric.zero().numpy()):
        text = json.dumps(metric.details(state))
        assert json.dumps(json.loads(text)) == text

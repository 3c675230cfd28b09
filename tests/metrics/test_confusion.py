"""The confusion matrix and macro F1 against NumPy."""

import numpy as np
import pytest

from tfapp.metrics.confusion import ConfusionMatrix, MacroF1


def test_the_confusion_matrix_counts(predictions, state_of):
    logits, labels = predictions(4)
    expected = np.zeros((4, 4), int)
    np.add.at(expected, (labels, logits.argmax(1)), 1)
    metric = ConfusionMatrix("abcd")
    state = state_of(metric, logits, labels)
    assert metric.details(state) == {
        "confusion_matrix": {"classes": list("abcd"), "counts": expected.tolist()}
    }
    assert metric.result(state) == {}


def test_macro_f1(predictions, state_of):
    logits, labels = predictions(9)
    predicted, scores = logits.argmax(1), []
    for c in range(9):
        precision = np.mean(labels[predicted == c] == c)
        recall = np.mean(predicted[labels == c] == c)
        scores.append(2 * precision * recall / (precision + recall))
    state = state_of(MacroF1(9), logits, labels)
    assert state[1].tolist() == [np.sum(labels[predicted == c] != c) for c in range(9)]
    assert state[2].tolist() == [np.sum(predicted[labels == c] != c) for c in range(9)]
    found = MacroF1(9).result(state)
    assert found == {"macro_f1": pytest.approx(np.mean(scores), rel=1e-9)}


def test_classes_that_do_not_occur_are_left_out(predictions, state_of):
    logits, labels = predictions(3)
    expected = MacroF1(3).result(state_of(MacroF1(3), logits, labels))
    wide = np.concatenate([logits, np.full((len(labels), 2), -99, "f4")], axis=1)
    assert MacroF1(5).result(state_of(MacroF1(5), wide, labels)) == expected
    assert np.isnan(MacroF1(5).result(np.zeros((3, 5)))["macro_f1"])

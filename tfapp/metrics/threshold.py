"""The probability from which two classes are told apart, and metrics of what is then answered."""

import math

import numpy as np
import tensorflow as tf

from tfapp.metrics import score_histogram
from tfapp.metrics.auc import AreasUnderCurves
from tfapp.metrics.of_outputs import OfOutputs


class Threshold(AreasUnderCurves):
    """The threshold of the second class that is best on the examples measured."""

    name = "threshold"

    def __init__(self, goal):
        """`goal`: "f1", the mean of both classes' F1, or "balanced_accuracy", of their recalls."""
        super().__init__(2)
        self._score = {"f1": _macro_f1, "balanced_accuracy": _balanced_accuracy}[goal]

    def result(self, state):
        """{"threshold": a probability; 0.5 where a class has no example}."""
        return {self.name: 1 / (1 + math.exp(-score_histogram.log_odds_of(self._best(state))))}

    def intervals(self, state):
        del state
        return {}

    def details(self, state):
        del state
        return {}

    def _scores(self, state):
        """[bins + 1]: the score if the second class is answered from each bin on."""
        (positives,), (negatives,) = state
        hits, wrong = (np.r_[np.cumsum(c[::-1])[::-1], 0.0] for c in (positives, negatives))
        return self._score(hits, wrong, positives.sum(), negatives.sum())

    def _best(self, state):
        """The first bin of the second class: the middle of those that are equally good."""
        if not state.sum(axis=(1, 2)).all():
            return score_histogram.BINS / 2
        scores = self._scores(state)
        first = int(np.argmax(scores))
        worse = np.flatnonzero(scores[first:] < scores[first] - 1e-12)
        return first + ((worse[0] if len(worse) else len(scores) - first) - 1) / 2


def _macro_f1(hits, wrong, positives, negatives):
    missed = positives - hits
    second = 2 * hits / np.maximum(2 * hits + wrong + missed, 1e-300)
    right = negatives - wrong
    first = 2 * right / np.maximum(2 * right + wrong + missed, 1e-300)
    return (first + second) / 2


def _balanced_accuracy(hits, wrong, positives, negatives):
    return (hits / positives + 1 - wrong / negatives) / 2


class AtThreshold(OfOutputs):
    """A metric of the classes that are answered, of logits [batch, 2] at another threshold."""

    def __init__(self, metric, log_odds):
        """
        Args:
          metric: a `Metric` of the class with the larger logit.
          log_odds: of the threshold.
        """
        super().__init__(metric)
        self._log_odds = log_odds

    def change(self, outputs):
        return tf.cast(outputs, tf.float32) - tf.constant([[0.0, self._log_odds]], tf.float32)

"""A metric of what is made of the outputs: of one column, or of logits at another threshold."""

import abc

from tfapp.metrics.metric import Metric


class OfOutputs(Metric):
    """Measures as `metric` does, once the outputs are changed."""

    def __init__(self, metric):
        """`metric`: a `Metric` of changed outputs."""
        self.name, self.goal = metric.name, metric.goal
        self._metric = metric

    @abc.abstractmethod
    def change(self, outputs):
        """What the metric is given in place of the outputs."""

    def zero(self):
        return self._metric.zero()

    def update(self, outputs, labels, weights):
        return self._metric.update(self.change(outputs), labels, weights)

    def result(self, state):
        return self._metric.result(state)

    def intervals(self, state):
        return self._metric.intervals(state)

    def details(self, state):
        return self._metric.details(state)

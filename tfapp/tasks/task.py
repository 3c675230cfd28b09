"""The contract of a task: what the loss is, what is measured, what the served model answers."""

import abc
from typing import ClassVar, NamedTuple

import numpy as np
import tensorflow as tf

from tfapp.errors import UsageError
from tfapp.metrics.metric import Metric
from tfapp.registry import suggest


class TaskBatch(NamedTuple):
    """One replica's part of a batch."""

    inputs: tf.Tensor | dict[str, tf.Tensor]  # what the model takes
    labels: tf.Tensor  # [batch, ...]
    training: bool  # False in evaluation


class Objective(NamedTuple):
    """What a task makes of a batch."""

    losses: tf.Tensor  # float32 [batch], one an example, unweighted
    outputs: tf.Tensor  # [batch, ...], what the metrics are given, with `labels`
    labels: tf.Tensor  # [batch, ...]
    weights: tf.Tensor | float = 1.0  # float32 [batch], the task's factors of the training loss


class Adjustment(NamedTuple):
    """Numbers that a task's answers follow, beyond the weights."""

    metric: Metric  # measured on validation; its results are the numbers
    calibrates: bool = False  # whether --nocalibrate leaves it out


class Task(abc.ABC):
    """A kind of problem. It is built as `Class(label, loss, **recipe)`.

    `label` is a `LabelSpec`, `loss` is --loss, and `recipe` has label_smoothing, class_weight and
    quantiles where the user gives them, and target=(mean, standard deviation) for a real label. A
    class takes the keyword arguments that it can use.

    Attributes:
      name: of the class, in error messages; its Python name if it is empty.
      loss_names: what --loss may be; auto is the first of them. A task with a single loss of its
        own need not name it.
      loss_name: the loss in use.
      monitor: (result, "max" or "min"), what decides which step is best unless --monitor does.
      training_metrics: `Metric`s of every training step; they should cost next to nothing.
      evaluation_metrics: `Metric`s of validation and test: the training metrics first.
    """

    name: ClassVar[str] = ""
    loss_names: ClassVar[tuple[str, ...]] = ("own",)

    def __init__(self, loss, *, monitor, training_metrics=(), more_metrics=()):
        """
        Args:
          loss: one of `loss_names`, or auto.
          monitor: see above.
          training_metrics: see above.
          more_metrics: those of evaluation alone.

        Raises:
          UsageError: an unknown loss.
        """
        check_loss(type(self), loss)
        self.loss_name = self.loss_names[0] if loss == "auto" else loss
        self.monitor = monitor
        self.training_metrics = tuple(training_metrics)
        self.evaluation_metrics = (*self.training_metrics, *more_metrics)

    @abc.abstractmethod
    def objective(self, call, batch):
        """Runs the model and compares what it gives with the labels.

        Called under a gradient tape in training, inside `tf.function` with and without XLA.

        Args:
          call: (inputs) -> outputs, runs the model once; a task may call it as often as it wants.
            Each call draws its own dropout; running statistics pass from call to call; penalties
            (regularisation) count once, those of the last call.
          batch: a `TaskBatch`.

        Returns:
          an `Objective`.
        """

    @abc.abstractmethod
    def answers(self, outputs, inputs):
        """What the served model returns.

        Args:
          outputs: of the model.
          inputs: what it was given.

        Returns:
          a dict of tensors [batch, ...].
        """

    def combine(self, outputs):
        """One output an example from those of an ensemble's members.

        Args:
          outputs: of a `tfapp.models.ensemble.Ensemble`, [batch, members, ...].

        Returns:
          [batch, ...], which `answers` and the metrics are given; here the mean.
        """
        return tf.reduce_mean(tf.cast(outputs, tf.float32), axis=1)

    def num_outputs(self, label):
        """Width of the model's last layer, for the `LabelSpec` that the task learns."""
        return label.num_outputs

    def adjustments(self):
        """What is fitted on validation, with the weights that count, before answers are given.

        Returns:
          a tuple of `Adjustment`s: each is measured with those before it in place.
        """
        return ()

    def adjusted(self, numbers):
        """The same task, whose evaluation and answers follow `numbers`.

        Args:
          numbers: name -> float, results of the metrics of `adjustments`. One that is missing
            changes nothing.

        Returns:
          a `Task`; the task itself if the numbers change nothing.
        """
        del numbers
        return self

    def adjustment_note(self, numbers):
        """What `adjusted(numbers)` changes, in words for the log; of one of the `adjustments`."""
        return ", ".join(f"{name} {value:.4g}" for name, value in numbers.items())

    def trivial(self, train, test):
        """What the best constant answer scores, where the kind of label alone does not tell.

        Args:
          train, test: labels of these splits, NumPy [n, ...]; the answer is made from train.

        Returns:
          metric -> value on test, in the metrics' units.
        """
        del train, test
        return {}

    def derived(self, averages):
        """A dict of floats that follow from `averages`, loss and results of metrics."""
        del averages
        return {}

    def goals(self):
        """ "max" or "min" for each number of an evaluation by which steps can be compared."""
        goals = {"loss": "min"}
        for metric in self.evaluation_metrics:
            goals.update(dict.fromkeys(metric.result(np.asarray(metric.zero())), metric.goal))
        return goals


def float_outputs(outputs, *, rank, width):
    """What a model gave as float32.

    Args:
      outputs: of `call`; in training a user's model may give something else than before.
      rank: number of dimensions that are needed, the batch included.
      width: size of the last of them.

    Raises:
      UsageError: it is no tensor of floating-point numbers of this form.
    """
    gives = f"a {type(outputs).__name__}"
    if isinstance(outputs, tf.Tensor):
        gives = f"{outputs.dtype.name} {outputs.shape.as_list()}"
        if outputs.dtype.is_floating and outputs.shape.rank == rank and outputs.shape[-1] == width:
            return tf.cast(outputs, tf.float32)
    raise UsageError(
        f"the model gives {gives} here (for training=True?); floating-point numbers with {rank} "
        f"dimensions, the last of size {width}, are needed"
    )


def check_loss(task_class, loss):
    """Raises UsageError if --loss=`loss` is none of the task's."""
    known, name = task_class.loss_names, task_class.name or task_class.__name__
    if loss != "auto" and loss not in known:
        raise UsageError(
            f"--loss={loss}: unknown for {name}{suggest(loss, known)} (one of {', '.join(known)})"
        )

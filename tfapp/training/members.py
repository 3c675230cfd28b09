"""Where a task meets an ensemble: it never sees the axis of members.

In training, each member counts as a model of its own: the task gets a batch in which every example
stands once for each member, and the loss of an example is the mean over members. Everything else
(evaluation, training metrics, the served model) sees one output an example, which `Task.combine`
makes of the members' outputs.
"""

import tensorflow as tf

from tfapp.tasks.task import Objective


def training_objective(task, call, batch, members):
    """What a task makes of a batch in training.

    Args:
      task: a `Task`.
      call: (inputs) -> outputs of the model, [batch, members, ...] if it is an ensemble.
      batch: a `TaskBatch`.
      members: see `tfapp.models.ensemble.members_of`.

    Returns:
      an `Objective` with one loss, output and label an example.
    """
    if not members:
        return task.objective(call, batch)

    def call_members(inputs):
        outputs = call(inputs)
        return tf.reshape(outputs, (-1, *outputs.shape[2:]))

    each = task.objective(
        call_members, batch._replace(labels=_for_each_member(batch.labels, members))
    )
    losses = tf.reduce_mean(_by_member(each.losses * each.weights, members), axis=1)
    outputs = task.combine(_by_member(each.outputs, members))
    return Objective(losses, outputs, _by_member(each.labels, members)[:, 0])


def combined(task, call, members):
    """`call` with one output an example, for evaluation and serving."""
    return (lambda inputs: task.combine(call(inputs))) if members else call


def _for_each_member(labels, members):
    """[batch, ...] -> [batch * members, ...], each example's copies in a row."""
    shape = labels.shape[1:]
    copies = tf.broadcast_to(labels[:, None], (tf.shape(labels)[0], members, *shape))
    return tf.reshape(copies, (-1, *shape))


def _by_member(values, members):
    """[batch * members, ...] -> [batch, members, ...]."""
    return tf.reshape(values, (-1, members, *values.shape[1:]))

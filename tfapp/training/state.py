"""All that a resume needs, in one named structure.

`TrainState` holds the variables that values live in between loops, in named groups, and `HostState`
the few numbers that the outer loop keeps.
"""

import contextlib
import dataclasses

import keras
import tensorflow as tf

from tfapp.models.outputs import READS_LOGITS
from tfapp.training.groups import EMA, NON_TRAINABLE, OPTIMIZER, OWN, SCALE, TEACHER, TRAINABLE
from tfapp.training.sharded_state import ShardedState, empty_parts
from tfapp.training.update import INITIAL_SCALE

# Of all of a state's values on one device, from which on steps update them in place.
LARGE_BYTES = 1 << 28


@dataclasses.dataclass
class HostState:
    """Kept in every checkpoint's manifest, as JSON. A new field needs a default: see `manifest`."""

    step: int = 0  # steps done, skipped updates included
    best_value: float | None = None  # of the monitored metric; None before the first evaluation
    best_step: int | None = None
    last_value: float | None = None  # of the latest evaluation
    evaluations_without_improvement: int = 0
    train_seconds: float = 0.0  # spent in loops of steps, over all starts
    window: dict = dataclasses.field(default_factory=dict)  # sums since the last training record
    left_out: list = dataclasses.field(default_factory=list)  # steps not run again
    last_train: dict = dataclasses.field(default_factory=dict)  # metrics of the last such record
    # "reason" and "total_steps" of a run that an action ended before its last step
    ended: dict = dataclasses.field(default_factory=dict)

    def to_json(self):
        return dataclasses.asdict(self)


class TrainState:
    """The variables of a run, in named groups, and the host's numbers.

    Attributes:
      groups: name -> tuple of `keras.Variable`: trainable, non_trainable, optimizer; ema and scale
        only if they are used; then the extra groups.
      precision: "float32", "bfloat16" or "float16", in which the model computes. float16 has its
        loss scaled, by the group scale.
      read_outputs: the model's `OutputReader`.
      host: a `HostState`.
      shards: the `Shards` of the weights, of which each replica keeps the slots and averages of its
        own parts; None: every replica keeps all of them.
      as_used: (values of the trainable variables) -> those that the model computes with, such as
        rounded ones; None: as they are.
    """

    def __init__(
        self,
        model,
        optimizer,
        strategy,
        *,
        precision="float32",
        read_outputs=READS_LOGITS,
        ema=False,
        extra_groups=None,
        sharded=None,
        as_used=None,
    ):
        """Model and optimizer must be built; call inside the strategy's scope.

        Args:
          model, optimizer: of Keras.
          strategy: the tf.distribute.Strategy under whose scope all variables were made.
          precision, read_outputs, as_used: see the attributes.
          ema: whether to keep an average of each weight.
          extra_groups: name -> variables that belong to the run as well; checkpoints hold all but
            TEACHER, the step carries them, `AfterUpdate` hooks read and change them.
          sharded: the `ShardedOptimizer` that `optimizer` is of; None: it is an ordinary one.

        Raises:
          ValueError: an extra group has the name of one of tfapp's own.
        """
        self.model = model
        self.optimizer = optimizer
        self.precision = precision
        self.read_outputs = read_outputs
        self.as_used = as_used
        self.host = HostState()
        self.shards = sharded and sharded.shards
        self.groups = _groups(model, optimizer, precision, ema, extra_groups or {}, self.shards)
        replicas = len(strategy.experimental_local_results(model.trainable_variables[0].value))
        self._local = [
            {
                name: tuple(strategy.experimental_local_results(v.value)[replica] for v in group)
                for name, group in self.groups.items()
            }
            for replica in range(replicas)
        ]
        self._sharded = sharded and ShardedState(
            groups=self.groups, local=self._local, sharded=sharded, strategy=strategy
        )
        if ema and sharded:
            self._sharded.put_averages(model.trainable_variables)

    def named_variables(self):
        """Name -> tf.Variable, for checkpoints.

        Named by position: Keras's own names count the layers and optimizers that the process has
        made before, so that the same model would be called differently the next time.
        """
        return {
            f"{name}/{i:04}": variable.value
            for name, group in self.groups.items()
            if name != TEACHER
            for i, variable in enumerate(group)
        }

    @property
    def is_large(self):
        """Whether steps update variables in place, as `tfapp.training.in_place` does."""
        return sum(self.bytes_a_device().values()) >= LARGE_BYTES

    def variables(self, replica=0):
        """This process's own tf.Variables of a replica: group -> tuple."""
        return self._variables(replica)

    def bytes_a_device(self):
        """Bytes of each group's variables on one device, by the group's name."""
        return {
            name: sum(v.shape.num_elements() * v.dtype.size for v in group)
            for name, group in self._local[0].items()
        }

    def to_store(self):
        """What a checkpoint holds: name -> tf.Variable, the same for any number of replicas.

        With shards, their parts are gathered: a collective that all workers take part in.
        """
        named = self.named_variables()
        return named if self._sharded is None else self._sharded.gathered(named)

    @contextlib.contextmanager
    def restoring(self):
        """Yields variables as of `to_store`, to be read into; at the end their values are here."""
        named = self.named_variables()
        if self._sharded is None:
            yield named
        else:
            with self._sharded.replaced(named) as variables:
                yield variables

    def read(self, replica=0, select=dict):
        """The values on a replica: group -> tuple of tensors.

        Args:
          replica: its number among those of all workers; every worker has as many.
          select: picks groups of a dict; all of them by default.
        """
        return {name: _values(group) for name, group in select(self._variables(replica)).items()}

    def write(self, values, replica=0):
        """Assigns the groups in `values`, all or some of them, on the replica, as in `read`."""
        variables = self._variables(replica)
        for name, group in values.items():
            for variable, value in zip(variables[name], group, strict=True):
                variable.assign(value)

    def read_all(self):
        """The values on every local replica, for `write_all`."""
        return [self.read(replica) for replica in range(len(self._local))]

    def write_all(self, values):
        """Puts back what `read_all` returned."""
        for replica, part in enumerate(values):
            self.write(part, replica)

    @contextlib.contextmanager
    def unchanged(self):
        """Puts all values back at the end, bit for bit."""
        # A device may have no room for a large state twice.
        with tf.device("CPU:0") if self.is_large else contextlib.nullcontext():
            kept = tf.nest.map_structure(tf.identity, self.read_all())
        try:
            yield
        finally:
            self.write_all(kept)

    def is_finite(self):
        """False if a value is NaN or infinite, other than in the optimizer's slots."""
        groups = [group for name, group in self._local[0].items() if name != OPTIMIZER]
        groups += [local[EMA] for local in self._local[1:] if EMA in local and self.shards]
        floating = [v for group in groups for v in group if v.dtype.is_floating]
        return all(bool(tf.reduce_all(tf.math.is_finite(v.read_value()))) for v in floating)

    def read_for_answers(self, replica=0):
        """(trainable, non_trainable) for evaluation and export; with --ema, the EMA weights.

        With shards, EMA weights are gathered: a collective that all workers take part in.
        """
        local = self._variables(replica)
        trainable = self._trainable_for_answers(local)
        if self.as_used is not None:
            trainable = self.as_used(trainable)
        return trainable, _values(local[NON_TRAINABLE])

    def _trainable_for_answers(self, local):
        if EMA not in local:
            return _values(local[TRAINABLE])
        return _values(local[EMA]) if self._sharded is None else self._sharded.averages()

    def _variables(self, replica):
        """This process's own variables of the replica."""
        return self._local[replica % len(self._local)]


def _groups(model, optimizer, precision, ema, extra, shards):
    groups = {
        TRAINABLE: tuple(model.trainable_variables),
        NON_TRAINABLE: tuple(model.non_trainable_variables),
        OPTIMIZER: tuple(optimizer.variables),
    }
    if ema and shards:
        groups[EMA] = empty_parts(shards)
    elif ema:
        groups[EMA] = tuple(_average(v) for v in model.trainable_variables)
    if precision == "float16":
        groups[SCALE] = _loss_scale()
    taken = sorted(set(extra) & set(OWN))
    if taken:
        raise ValueError(f"extra_groups: {', '.join(taken)}: the name of a group of tfapp's own")
    return {**groups, **{name: tuple(variables) for name, variables in extra.items()}}


def _values(variables):
    return tuple(variable.read_value() for variable in variables)


def _average(variable):
    # The value's copy: given a tf.Variable, Keras would take it as its own, weight and average one.
    # A real one: with one buffer for both, the first step would copy it for each of them.
    return keras.Variable(
        tf.raw_ops.DeepCopy(x=tf.identity(variable.value)),
        dtype=variable.dtype,
        trainable=False,
        name=variable.path.replace("/", "."),
    )


def _loss_scale():
    return (
        keras.Variable(INITIAL_SCALE, dtype="float32", trainable=False, name="loss_scale"),
        keras.Variable(0, dtype="int32", trainable=False, name="loss_scale_steps"),
    )

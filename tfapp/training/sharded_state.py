"""The variables of a state of which each replica holds a part: made whole to be stored or to give
answers, and cut into parts again.

A checkpoint holds whole values, as that of an unsharded state does, so that it can be read with any
number of replicas, with and without shards.
"""

import contextlib

import keras
import tensorflow as tf

from tfapp.training.groups import EMA, OPTIMIZER
from tfapp.training.sharded_optimizer import Stored


def empty_parts(shards):
    """A variable for each group of the shards, for one average a weight."""
    return tuple(
        keras.Variable(tf.zeros([group.part_size], group.dtype), trainable=False, name=f"ema_{i}")
        for i, group in enumerate(shards.groups)
    )


class ShardedState:
    """Makes the divided variables of a `TrainState` whole, and cuts whole values.

    All but `put` and `replaced` are collective: every worker calls them.
    """

    def __init__(self, *, groups, local, sharded, strategy):
        """
        Args:
          groups: the state's, name -> variables.
          local: for each replica of this process, name -> its own tf.Variables.
          sharded: a `ShardedOptimizer`.
          strategy: the tf.distribute.Strategy.
        """
        self._groups, self._local, self._strategy = groups, local, strategy
        self._shards = sharded.shards
        self._group_of = {i: g for g in self._shards.groups for i in g.positions}
        index = {i: number for number, g in enumerate(self._shards.groups) for i in g.positions}
        self._stored = {OPTIMIZER: sharded.stored}
        if EMA in groups:
            self._stored[EMA] = tuple(Stored(index[i], i) for i in sorted(index))
        self._replicas = _replicas(strategy)
        self._gather = tf.function(self._on_replicas(_gather), autograph=False)
        self._gather_averages = tf.function(self._on_replicas(self.averages), autograph=False)

    def gathered(self, named):
        """Name -> tf.Variable with a whole value, as an unsharded state names them.

        Args:
          named: name -> tf.Variable of the sharded state; what is not divided is taken from it.
        """
        whole = self._undivided(named)
        for group, number, variable, pieces in self._divided():
            parts = [local[group][number] for local in self._local]
            flat = self._gather(self._per_replica(parts))[0]
            with tf.device("CPU:0"):
                values = dict(zip(variable.positions, variable.split(flat), strict=True))
                for name, weight in pieces:
                    whole[name] = tf.Variable(values[weight], trainable=False)
        return whole

    @contextlib.contextmanager
    def replaced(self, named):
        """Yields variables as `gathered` does, of zeros; at the end their values are cut."""
        whole = self._undivided(named)
        with tf.device("CPU:0"):
            for _, _, variable, pieces in self._divided():
                shapes = dict(zip(variable.positions, variable.shapes, strict=True))
                for name, weight in pieces:
                    zeros = tf.zeros(shapes[weight], variable.dtype)
                    whole[name] = tf.Variable(zeros, trainable=False)
        yield whole
        for group, number, variable, pieces in self._divided():
            values = {weight: whole[name].read_value() for name, weight in pieces}
            self._cut(group, number, variable, values)

    def put_averages(self, weights):
        """Sets the averages to the values of all weights, in order."""
        for number, variable in enumerate(self._shards.groups):
            values = {i: tf.convert_to_tensor(weights[i]) for i in variable.positions}
            self._cut(EMA, number, variable, values)

    def averages(self):
        """The averages of all weights; inside strategy.run, those of the replica."""
        context = tf.distribute.get_replica_context()
        if context is None or context.strategy is not self._strategy:
            return self._gather_averages()
        replica = tf.get_static_value(context.replica_id_in_sync_group)
        local = self._local[self._replicas.index(replica)]
        return self._shards.gather([v.read_value() for v in local[EMA]])

    def _divided(self):
        """(group, number of the variable, its ShardGroup, [(stored name, weight)]) of each."""
        for group, stored in self._stored.items():
            pieces = {}
            for i, (number, weight) in enumerate(stored):
                if weight is not None:
                    pieces.setdefault(number, []).append((f"{group}/{i:04}", weight))
            for number, named in pieces.items():
                yield group, number, self._group_of[named[0][1]], named

    def _undivided(self, named):
        """Those of the variables of which every replica holds all, by the stored names."""
        whole = {k: v for k, v in named.items() if k.partition("/")[0] not in self._stored}
        for group, stored in self._stored.items():
            for i, (number, weight) in enumerate(stored):
                if weight is None:
                    whole[f"{group}/{i:04}"] = self._groups[group][number].value
        return whole

    def _cut(self, group, number, shard_group, values):
        """Assigns each local replica its part of the `values`, weight -> whole value."""
        values = [values[i] for i in shard_group.positions]
        for replica, local in zip(self._replicas, self._local, strict=True):
            local[group][number].assign(shard_group.part(values, replica))

    def _per_replica(self, variables):
        values = dict(zip(self._replicas, variables, strict=True))
        return self._strategy.experimental_distribute_values_from_function(
            lambda context: values[context.replica_id_in_sync_group].read_value()
        )

    def _on_replicas(self, function):
        """`function`, run on every replica; the first local replica's result."""

        def run(*args):
            results = self._strategy.run(function, args=args)
            local = self._strategy.experimental_local_results
            return tf.nest.map_structure(lambda value: local(value)[0], results)

        return run


def _gather(part):
    # The argument of a tf.function is on no device, which a strategy of one local replica demands.
    part = tf.identity(part)
    return tf.distribute.get_replica_context().all_gather([part], axis=0)


def _replicas(strategy):
    """The numbers of this process's replicas among those of all workers."""

    @tf.function(autograph=False)
    def numbers():
        def own():
            return tf.identity(tf.distribute.get_replica_context().replica_id_in_sync_group)

        return strategy.experimental_local_results(strategy.run(own))

    return [int(number) for number in numbers()]

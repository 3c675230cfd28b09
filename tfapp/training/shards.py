"""Optimizer state in shares: ZeRO stage 1, Rajbhandari et al., arXiv:1910.02054, sec. 5.1.

The weights are flattened, concatenated into groups and cut into as many parts as there are
replicas. Each replica keeps the optimizer's slots and the EMA weights of its own parts only. In a
step it cuts its parts out of the weights and the reduced gradients, updates them, and gathers those
of the others. So every element is updated once, by the same arithmetic as without shards.
"""

import dataclasses
import math

import tensorflow as tf

from tfapp.training.groups import SCALE, TRAINABLE

# Of a group of several weights: few collectives for many small weights, and no second copy of all
# weights at once for large ones.
GROUP_BYTES = 64 * 2**20


@dataclasses.dataclass(frozen=True)
class ShardGroup:
    """Weights that are flattened into one vector, which is cut into equal parts."""

    positions: tuple[int, ...]  # of the weights, among all
    shapes: tuple[tuple[int, ...], ...]
    dtype: str
    decayed: bool
    num_replicas: int

    @property
    def sizes(self):
        """Elements of each weight."""
        return [math.prod(shape) for shape in self.shapes]

    @property
    def part_size(self):
        """Elements of a part; the last ones are padded with zeros."""
        return -(-sum(self.sizes) // self.num_replicas)

    def part(self, values, replica):
        """The part of `replica`, [part_size], of these weights' values or gradients."""
        begin, pieces, missing = replica * self.part_size, [], self.part_size
        for value, size in zip(values, self.sizes, strict=True):
            low, high = max(begin, 0), min(begin + self.part_size, size)
            if low < high:
                pieces.append(tf.slice(tf.reshape(value, [-1]), [low], [high - low]))
                missing -= high - low
            begin -= size
        if missing:
            pieces.append(tf.zeros([missing], self.dtype))
        return pieces[0] if len(pieces) == 1 else tf.concat(pieces, 0)

    def split(self, flat):
        """The weights' values in the concatenation of all parts, [num_replicas * part_size]."""
        padding = self.num_replicas * self.part_size - sum(self.sizes)
        pieces = tf.split(flat, [*self.sizes, padding])[: len(self.sizes)]
        return [tf.reshape(v, shape) for v, shape in zip(pieces, self.shapes, strict=True)]


class Shards:
    """How the weights of a model are divided among replicas."""

    def __init__(self, weights, decayed, *, num_replicas, one_each=False):
        """
        Args:
          weights: the model's trainable `keras.Variable`s.
          decayed: for each of them whether it has weight decay.
          num_replicas: over all workers.
          one_each: whether each weight is a group of its own.
        """
        self.num_weights = len(weights)
        self.groups = tuple(
            _grouped(weights, decayed, num_replicas, 0 if one_each else GROUP_BYTES)
        )

    def part(self, values, replica):
        """The parts of `replica`, a tuple, one a group.

        Args:
          values: weights or gradients, in the order of the model's.
          replica: an int, the number among those of all workers.
        """
        return tuple(g.part([values[i] for i in g.positions], replica) for g in self.groups)

    def gather(self, parts):
        """The whole values of all weights, on every replica; called inside strategy.run.

        Args:
          parts: this replica's own, as `part` gives them.
        """
        context = tf.distribute.get_replica_context()
        return self.split(context.all_gather(list(parts), axis=0))

    def split(self, flats):
        """The values of all weights, in order, from each group's concatenated parts."""
        whole = [None] * self.num_weights
        for group, flat in zip(self.groups, flats, strict=True):
            for position, value in zip(group.positions, group.split(flat), strict=True):
                whole[position] = value
        return tuple(whole)


def in_shards(update, shards, options):
    """Builds update(values, grads, loss, step, replica) of whole weights and gradients.

    With shards it is called inside strategy.run. The norm is that of the whole gradient, so that
    clipping and the finite check are the same on each replica, and the same as without shards.

    Args:
      update: see `tfapp.training.update.make_update`.
      shards: `Shards`; None: `update` is given the whole.
      options: `StepOptions`.
    """
    if shards is None:
        return lambda values, grads, loss, step, _: update(values, grads, loss, step)

    def run(values, grads, loss, step, replica):
        norm = None
        if options.clip_norm or options.skip_nonfinite or SCALE in values:
            norm = tf.linalg.global_norm(_unscaled(grads, values.get(SCALE)))
        mine = {**values, TRAINABLE: shards.part(values[TRAINABLE], replica)}
        updated = update(mine, shards.part(grads, replica), loss, step, norm)
        whole = shards.gather(updated.values[TRAINABLE])
        return updated._replace(values={**updated.values, TRAINABLE: whole})

    return run


def _unscaled(grads, scale):
    return grads if scale is None else [g / tf.cast(scale[0], g.dtype) for g in grads]


def _grouped(weights, decayed, num_replicas, most_bytes):
    """`ShardGroup`s of weights of one dtype that decay alike, of `most_bytes` or of one weight."""
    open_groups, closed = {}, []
    for position, weight in enumerate(weights):
        key = (weight.dtype, decayed[position])
        size = math.prod(weight.shape) * tf.as_dtype(weight.dtype).size
        positions, total = open_groups.get(key, ([], 0))
        if positions and total + size > most_bytes:
            closed.append((key, positions))
            positions, total = [], 0
        open_groups[key] = ([*positions, position], total + size)
    groups = [*closed, *((key, positions) for key, (positions, _) in open_groups.items())]
    for (dtype, decays), positions in sorted(groups, key=lambda group: group[1]):
        shapes = tuple(tuple(weights[i].shape) for i in positions)
        yield ShardGroup(tuple(positions), shapes, dtype, decays, num_replicas)

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
from tfapp.training.update import is_guarded, unscaled

# Small weights share a group, so that there are few collectives. From this size on a weight is a
# group of its own, for which nothing is copied to concatenate and to split it.
LARGE_BYTES = 2**20
GROUP_BYTES = 16 * 2**20  # of small weights, whose copies exist until they are gathered
_ALIGNED = 16  # elements: of a part that begins at a multiple of 64 bytes TensorFlow makes no copy


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
        return -(-sum(self.sizes) // (self.num_replicas * _ALIGNED)) * _ALIGNED

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
        pieces = [flat] if len(self.sizes) == 1 and not padding else None
        pieces = pieces or tf.split(flat, [*self.sizes, padding])[: len(self.sizes)]
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
        groups = _grouped(weights, decayed, 0 if one_each else LARGE_BYTES)
        self.groups = tuple(
            ShardGroup(
                tuple(positions),
                tuple(tuple(weights[i].shape) for i in positions),
                weights[positions[0]].dtype,
                decayed[positions[0]],
                num_replicas,
            )
            for positions in sorted(groups)
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

        def whole(values, grads, loss, step, replica, **more):
            del replica
            return update(values, grads, loss, step, **more)

        return whole

    def run(values, grads, loss, step, replica):
        norm = None
        if options.clip_norm or is_guarded(options, SCALE in values):
            norm = tf.linalg.global_norm(unscaled(values.get(SCALE), grads))
        mine = {**values, TRAINABLE: shards.part(values[TRAINABLE], replica)}
        updated = update(mine, shards.part(grads, replica), loss, step, norm=norm)
        whole = shards.gather(updated.values[TRAINABLE])
        return updated._replace(values={**updated.values, TRAINABLE: whole})

    return run


def _grouped(weights, decayed, large):
    """Lists of positions: of weights of one dtype that decay alike, or of one of `large` bytes."""
    groups, filling = [], {}  # (dtype, decayed) -> [positions, bytes] of the group not yet full
    for position, weight in enumerate(weights):
        size = math.prod(weight.shape) * tf.as_dtype(weight.dtype).size
        if size >= large:
            groups.append([position])
            continue
        positions, total = filling.pop((weight.dtype, decayed[position]), ([], 0))
        if total + size > GROUP_BYTES:
            groups.append(positions)
            positions, total = [], 0
        filling[weight.dtype, decayed[position]] = ([*positions, position], total + size)
    return groups + [positions for positions, _ in filling.values()]

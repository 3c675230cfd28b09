"""The named groups of a run's values, and which half of a step reads which of them.

Values travel through a step as a dict, group -> tuple of tensors. The five groups below are tfapp's
own; any other is one of `TrainState`'s extra groups (a teacher's weights, masks, ...).
"""

TRAINABLE = "trainable"
NON_TRAINABLE = "non_trainable"  # running statistics, states of random number generators
OPTIMIZER = "optimizer"
EMA = "ema"  # one average a weight, if --ema
SCALE = "scale"  # (loss scale, steps since it changed), if --precision=float16

TEACHER = "teacher"  # weights that stay, of a model that is learnt from; in no checkpoint

OWN = (TRAINABLE, NON_TRAINABLE, OPTIMIZER, EMA, SCALE)


def for_gradients(values):
    """What forward and backward may read: all but the optimizer's slots and the averages.

    A placement that compiles the gradients on their own passes each of these as an argument.
    """
    return {name: group for name, group in values.items() if name not in (OPTIMIZER, EMA)}


def for_update(values, *, hooks):
    """What the update reads: its own groups; with `hooks`, which may read any, all of them."""
    own = (TRAINABLE, OPTIMIZER, EMA, SCALE)
    return {name: group for name, group in values.items() if hooks or name in own}

"""What Keras does not promise about its random numbers: see private_api.py.

Each piece has a test (tests/runtime/test_private_random.py) that names what would break without it.
"""

import contextlib
import functools
import weakref

from keras.src.backend.common import global_state
from keras.src.backend.tensorflow import random as backend_random
from keras.src.random import seed_generator

_REPLACED = "tfapp_replaced_draws"  # kept by Keras per thread, as its scopes are
SCOPES = (_REPLACED, seed_generator.GLOBAL_SEED_GENERATOR)  # what the scopes below change
_generators = weakref.WeakKeyDictionary()  # model -> the generator of `keep_generator`


def seed_positions(model):
    """Positions of the states of random seed generators in `model.non_trainable_variables`.

    Keras gives no way from a model to its `SeedGenerator`s; their states have a name of their own.
    """
    return [
        i
        for i, variable in enumerate(model.non_trainable_variables)
        if variable.path.endswith("seed_generator_state")
    ]


def replace_draws(draws):
    """Has layers draw random numbers by other functions, inside `replaced_draws`.

    Args:
      draws: name in `keras.src.backend.random` -> a function of the same arguments.
    """
    for name, ours in draws.items():
        setattr(backend_random, name, _inside(ours, vars(backend_random)[name]))


def _inside(ours, theirs):
    @functools.wraps(theirs)
    def draw(*args, **kwargs):
        active = global_state.get_global_attribute(_REPLACED)
        return (ours if active else theirs)(*args, **kwargs)

    return draw


@contextlib.contextmanager
def _attribute(name, value):
    before = global_state.get_global_attribute(name)
    global_state.set_global_attribute(name, value)
    try:
        yield
    finally:
        global_state.set_global_attribute(name, before)


def replaced_draws():
    """Inside, the functions given to `replace_draws` are in the place of Keras's own."""
    return _attribute(_REPLACED, True)


def next_seed(seed):
    """int32 [2]: the next seed of a `keras.random.SeedGenerator`, or what Keras makes of others.

    Without a seed Keras draws from its global generator, whose state it scrambles each time. Here
    that counts as the others do, so that each replica can be given a stream of its own.
    """
    if seed is None:
        seed = seed_generator.global_seed_generator()
    return backend_random._cast_seed(seed_generator.draw_seed(seed))


def global_generator(generator):
    """Inside, what is drawn without a seed is drawn from a `keras.random.SeedGenerator`."""
    return _attribute(seed_generator.GLOBAL_SEED_GENERATOR, generator)


def keep_generator(model, generator):
    """Makes the state of a `SeedGenerator` one of a built model's non-trainable variables."""
    model._seed_generators.append(generator)
    _generators[model] = generator


def kept_generator(model):
    """A context manager: inside, what is drawn without a seed is drawn from the model's own.

    That is the one of `keep_generator`; without one, nothing changes.
    """
    generator = _generators.get(model)
    return contextlib.nullcontext() if generator is None else global_generator(generator)


def unseeded_states():
    """The state that `kept_generator` has put in place: a list of 0 or 1 variables."""
    generator = global_state.get_global_attribute(seed_generator.GLOBAL_SEED_GENERATOR)
    return [generator.state] if generator in _generators.values() else []

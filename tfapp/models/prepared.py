"""Layers that make something of their weights alone, which a served model has made once.

In training the weights change at each step, and making it is part of the step. What is served keeps
the result in place of the weights, and so is smaller too.
"""

import abc
import contextlib
import contextvars

from tfapp.runtime import private_api

# The id of a layer -> what its `prepare` has given, inside `prepared_once`.
_RESULTS = contextvars.ContextVar("results", default=None)


class PreparesWeights(abc.ABC):
    """A base class for a `keras.layers.Layer`; its call takes `self.prepared`."""

    @abc.abstractmethod
    def prepare(self):
        """Makes it, by TensorFlow's operations on the weights.

        Returns:
          a tuple of tensors.
        """

    @abc.abstractmethod
    def weights_replaced(self):
        """The weights that are used for nothing else, a sequence of `keras.Variable`.

        Called once all variables exist. A served model has no values for them.
        """

    @property
    def prepared(self):
        """What `prepare` gives, or has given for a model that is served."""
        found = (_RESULTS.get() or {}).get(id(self))
        return self.prepare() if found is None else found


def layers_that_prepare(model):
    """Those of a built `keras.Model` that are a `PreparesWeights`, a list."""
    return [layer for layer in private_api.layers_of(model) if isinstance(layer, PreparesWeights)]


@contextlib.contextmanager
def prepared_once(results):
    """Inside, calls of these layers take what was made before.

    `results`: pairs of a layer and a tuple of tensors.
    """
    token = _RESULTS.set({id(layer): tensors for layer, tensors in results})
    try:
        yield
    finally:
        _RESULTS.reset(token)

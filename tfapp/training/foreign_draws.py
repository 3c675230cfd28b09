"""Says where a model draws random numbers that are no function of --seed and the step."""

import logging
import re
import weakref

import tensorflow as tf

_LOG = logging.getLogger("tfapp")
_DRAW = re.compile(
    r"(Stateless)?(Parameterized)?(Random|TruncatedNormal|Multinomial)(?!.*(Grad|Get))"
)
_warned = weakref.WeakSet()  # models


class ForeignDraws:
    """Looks for the random operations that TensorFlow itself has, in what a model adds to a graph.

    `keras.random` is drawn by `counter_random`; `tf.random` and `tf.nn.dropout` are not.
    """

    def __init__(self, model):
        self._model = model
        self._before = len(_operations())

    def warn(self):
        """Logs what was found since, once for each model."""
        types = {op.type for op in _operations()[self._before :]}
        found = sorted(filter(_DRAW.match, types))
        if not found or self._model in _warned:
            return
        _warned.add(self._model)
        anew = any(not name.startswith("Stateless") for name in found)
        _LOG.warning(
            "model: %s draws by TensorFlow's own %s, whose numbers depend on where XLA is used%s; "
            "those of keras.random, with seed=self.generator, depend on --seed and the step alone",
            type(self._model).__name__,
            " and ".join(found),
            " and begin again where a run resumes" if anew else "",
        )


def _operations():
    return tf.compat.v1.get_default_graph().get_operations()

"""The only file that touches what Keras and TensorFlow do not promise to keep.

Each piece has a test (tests/runtime/test_private_api.py) that names what would break without it;
setup.cfg admits only the minor versions these were checked with.
"""


def layers_of(model, *, recursive=True):
    """The layers inside a `keras.Model` or `keras.Layer`, itself left out.

    Args:
      recursive: all of them, however deep; False: only those directly inside.

    Returns:
      a list. Keras's own `layers` gives only the layers that are directly inside a model.
    """
    return list(model._flatten_layers(include_self=False, recursive=recursive))

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


def gpu_memory_limits():
    """Bytes that TensorFlow may take of each GPU, in the order of their numbers; a list of int.

    The public API gives the memory in use and none that is free.
    """
    from tensorflow.python.client import device_lib

    return [d.memory_limit for d in device_lib.list_local_devices() if d.device_type == "GPU"]


def record_reader(path):
    """A reader of the TFRecord file at `path` whose read(offset) returns (bytes, next offset).

    It raises IndexError at the end of the file and tf.errors.OpError for a damaged record. The
    public readers start at the beginning and end at the first damaged record.
    """
    from tensorflow.python.lib.io.tf_record import tf_record_random_reader

    return tf_record_random_reader(path)


def tfds_root_folder(builder):
    """The folder, a str, below which the builder of a TFDS data set keeps all data sets."""
    return str(builder._data_dir_root)


def tfds_default_folder():
    """TFDS's default for its data folder, a str; its user's home is not expanded."""
    import tensorflow_datasets as tfds

    return str(tfds.core.constants.DATA_DIR)


def tfds_checksum_error():
    """The class of TFDS's error for a fetched file with another checksum than the known one."""
    from tensorflow_datasets.core.download import download_manager

    return download_manager.NonMatchingChecksumError

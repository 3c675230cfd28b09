"""What Keras and TensorFlow do not promise to keep: only the files private_*.py touch it.

Each piece has a test (tests/runtime/test_private_api.py) that names what would break without it;
setup.cfg admits only the minor versions these were checked with.
"""

import contextlib

import keras
import tensorflow as tf
from keras.src.backend.common import global_state, masking
from tensorflow.compiler.tf2xla.ops import gen_xla_ops
from tensorflow.python.data.ops import multi_device_iterator_ops
from tensorflow.python.framework import func_graph

from tfapp.runtime.private_random import SCOPES


def layers_of(model, *, recursive=True):
    """The layers inside a `keras.Model` or `keras.Layer`, itself left out, as a list.

    `recursive`: all of them, however deep; False: only those directly inside, which is all that
    Keras's own `layers` gives.
    """
    return list(model._flatten_layers(include_self=False, recursive=recursive))


def path_of(layer):
    """A layer's path inside its model, a str: without the model's name, which Keras numbers."""
    return layer.path.partition("/")[2] or layer.path


def optimization_barrier(tensors):
    """The same tensors, in a list; XLA neither merges nor moves computations across the barrier."""
    return list(gen_xla_ops.xla_optimization_barrier(input=list(tensors)))


class VariableValues(keras.StatelessScope):
    """Inside, variables have given values, and what is assigned is kept here.

    Gradients are those of Keras on TensorFlow, where each read of a variable is a leaf: none flows
    through an assigned value, and what reaches a trainable variable is its gradient whether it was
    read before or after it was assigned. Keras's own scope lets the gradient through.
    """

    def __init__(self, trainable, non_trainable):
        """
        Args:
          trainable, non_trainable: pairs of a `keras.Variable` and its value.
        """
        trainable = list(trainable)
        super().__init__([*trainable, *non_trainable], collect_losses=True)
        self._leaves = {id(v): self.get_current_value(v) for v, _ in trainable}
        self.assigned = {}  # id of a variable -> the variable

    def add_update(self, update):
        """What `keras.Variable.assign` calls."""
        variable, value = update
        leaf = self._leaves.get(id(variable))
        value = tf.stop_gradient(value) if leaf is None else _read_again(value, leaf)
        self.assigned[id(variable)] = variable
        super().add_update((variable, value))

    def assigned_among(self, variables):
        """Position -> new value, of those of the `variables` that were assigned."""
        return {
            i: self.get_current_value(v) for i, v in enumerate(variables) if id(v) in self.assigned
        }


@tf.custom_gradient
def _read_again(value, leaf):
    """The tensor `value`, whose gradient is that of `leaf`, a tensor of the same shape."""

    def gradient(upstream):
        return None, tf.cast(upstream, leaf.dtype)

    return tf.identity(value), gradient


@contextlib.contextmanager
def variables_read():
    """Yields a list, at the end of the tf.Variables that the graph reads for the first time.

    Only while a tf.function is traced: elsewhere the list stays empty. Copies of later replicas are
    left out: where replicas wait for each other (synchronised statistics), the next one reads its
    own weights meanwhile, into the same graph. The first replica's reads show a foreign variable.
    """
    graph, found = tf.compat.v1.get_default_graph(), []
    if not isinstance(graph, func_graph.FuncGraph):
        yield found
        return
    before = {id(variable) for variable in graph._watched_variables}
    yield found
    new = [v for v in graph._watched_variables if id(v) not in before]
    found += [v for v in new if "/replica_" not in v.name]


def call_context():
    """A context manager, to be entered once or more, for calling a layer as it is called here.

    Inside, `training`, the generators of random numbers and the like are those of this call, also
    after the layers around it have returned. Without it, a layer that is called again is the
    outermost, and not in training.
    """
    names = ("current_call_ctx", *SCOPES)
    now = [global_state.get_global_attribute(name) for name in names]

    @contextlib.contextmanager
    def entered():
        before = [global_state.get_global_attribute(name) for name in names]
        _set_attributes(names, now)
        try:
            yield
        finally:
            _set_attributes(names, before)

    return entered


def _set_attributes(names, values):
    for name, value in zip(names, values, strict=True):
        global_state.set_global_attribute(name, value)


def with_mask_of(tensor, other):
    """`tensor`, with the mask that Keras keeps in an attribute of the tensor `other`, if any."""
    mask = masking.get_keras_mask(other)
    if mask is not None:
        masking.set_keras_mask(tensor, mask)
    return tensor


def drop_variable(layer, name):
    """Takes a `keras.Variable`, an attribute of a built `keras.Layer`, out of the layer."""
    layer._untrack_variable(getattr(layer, name))
    super(keras.Layer, layer).__delattr__(name)  # keras.Layer's own collects garbage each time


@contextlib.contextmanager
def adds_weights(layer):
    """Inside, a built `keras.Layer` may get more weights, as when Keras adds LoRA's."""
    layer._tracker.unlock()
    try:
        yield
    finally:
        layer._tracker.lock()


def release_value(variable):
    """Frees the memory of a `keras.Variable` that from now on has values in scopes only."""
    variable._value = None


def free(variable):
    """Frees the memory of a tf.Variable, eagerly, until `refill` gives it a value again."""
    _assign_any(variable, tf.zeros([0], variable.dtype))


def refill(variable, value):
    """Assigns a tensor to a tf.Variable, eagerly, whether it was freed or not."""
    variable.shape.assert_is_compatible_with(value.shape)
    _assign_any(variable, value)


def _assign_any(variable, value):
    # The operation compares shapes only if it is told to, as `tf.Variable.assign` does.
    tf.raw_ops.AssignVariableOp(resource=variable.handle, value=value, validate_shape=False)


def gpu_memory_limits():
    """Bytes that TensorFlow may take of each GPU, in the order of their numbers; a list of int.

    The public API gives the memory in use and none that is free.
    """
    from tensorflow.python.client import device_lib

    return [d.memory_limit for d in device_lib.list_local_devices() if d.device_type == "GPU"]


@contextlib.contextmanager
def untuned_device_buffers():
    """Inside, the iterators that a strategy makes for its devices have no tuner of tf.data.

    There is nothing to tune in a buffer of one element. The tuner sleeps for up to a minute, and
    the end of its iterator at times does not wake it, and waits.
    """
    create = multi_device_iterator_ops._create_device_dataset
    options = tf.data.Options()
    options.autotune.enabled = False
    multi_device_iterator_ops._create_device_dataset = lambda *args: create(*args).with_options(
        options
    )
    try:
        yield
    finally:
        multi_device_iterator_ops._create_device_dataset = create


def data_service_port(server):
    """The port of a `DispatchServer` or `WorkerServer` of tf.data.experimental.service; an int."""
    return int(server._address.rpartition(":")[2])


def registered_workers(dispatcher):
    """How many data workers a `DispatchServer` of tf.data.experimental.service knows; an int."""
    return dispatcher._num_workers()


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

"""What Keras and TensorFlow do not promise to keep: only this file and private_random.py touch it.

Each piece has a test (tests/runtime/test_private_api.py) that names what would break without it;
setup.cfg admits only the minor versions these were checked with.
"""

import contextlib

import keras
import tensorflow as tf
from keras.src.backend.common import global_state, masking, stateless_scope
from tensorflow.compiler.tf2xla.ops import gen_xla_ops
from tensorflow.python.framework import func_graph

from tfapp.runtime.private_random import SCOPES


def layers_of(model, *, recursive=True):
    """The layers inside a `keras.Model` or `keras.Layer`, itself left out, as a list.

    `recursive`: all of them, however deep; False: only those directly inside, which is all that
    Keras's own `layers` gives.
    """
    return list(model._flatten_layers(include_self=False, recursive=recursive))


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


def variable_index(optimizer, variable):
    """Position of a weight among those that the optimizer was built for."""
    return optimizer._get_variable_index(variable)


def release_value(variable):
    """Frees the memory of a `keras.Variable` that from now on has values in scopes only."""
    variable._value = None


def functional_optimizer(kind):
    """A subclass of the Keras optimizer class `kind`, and of `FunctionalOptimizer`."""
    mixin = _FunctionalNadam if issubclass(kind, keras.optimizers.Nadam) else FunctionalOptimizer
    return type(kind.__name__, (mixin, kind), {})


class OptimizerValues(keras.StatelessScope):
    """Inside, weights and an optimizer's variables have given values, for a `FunctionalOptimizer`.

    Unlike in Keras's own scope, they may have another shape than the variables, as rows of them do.
    """

    def __init__(self, values):
        """`values`: pairs of a `keras.Variable` and its value."""
        super().__init__()
        self.state_mapping.update({id(v): tf.convert_to_tensor(value) for v, value in values})


def updates_one_by_one(optimizer):
    """Whether a `FunctionalOptimizer` updates each weight by its own `update_step` alone.

    A class that a user wrote may override the methods around it, to look at all gradients.
    """
    around = {"apply", "_backend_apply_gradients", "_backend_update_step", "_clip_gradients"}
    own = [k for k in type(optimizer).__mro__ if not around.isdisjoint(vars(k))]
    return all(k.__module__.startswith(("keras.src.", "tfapp.")) for k in own)


class FunctionalOptimizer:
    """Lets a Keras optimizer be applied in a `keras.StatelessScope`, at a step that it is given.

    Undoes the TensorFlow backend's overrides that need tf.Variable, in favour of Keras's own. The
    learning rate's schedule follows the step of `at_step`, not the optimizer's count of updates.
    """

    _step = None

    @property
    def weights(self):
        """The weights that the optimizer was built for, in order."""
        return self._trainable_variables

    @property
    def slot_of(self):
        """Id of a variable of the optimizer -> id of the weight that it is a slot of."""
        return vars(self).get("_slot_of", {})

    def add_variable_from_reference(self, reference_variable, *args, **kwargs):
        slot = super().add_variable_from_reference(reference_variable, *args, **kwargs)
        # Past Keras's __setattr__, which would put the dict into a tracked one of its own.
        vars(self).setdefault("_slot_of", {})[id(slot)] = id(reference_variable)
        return slot

    @property
    def schedule(self):
        """What the learning rate follows: a Keras schedule, or a `keras.Variable`."""
        return self._learning_rate

    @contextlib.contextmanager
    def at_step(self, step):
        """Inside, the learning rate is that of `step`."""
        self._step = step
        try:
            yield
        finally:
            self._step = None

    def rate_at(self, step):
        """The learning rate of `step`, a tensor or a `keras.Variable`."""
        rate = self._learning_rate
        is_schedule = isinstance(rate, keras.optimizers.schedules.LearningRateSchedule)
        return rate(step) if is_schedule else rate

    @property
    def learning_rate(self):
        """The current learning rate, which Keras's own methods read."""
        return self.rate_at(self.iterations if self._step is None else self._step)

    def assign(self, variable, value):
        _assign(variable, keras.ops.cast(value, variable.dtype))

    def assign_add(self, variable, value):
        _assign(variable, variable + keras.ops.cast(value, variable.dtype))

    def assign_sub(self, variable, value):
        _assign(variable, variable - keras.ops.cast(value, variable.dtype))

    def _var_key(self, variable):
        return id(variable)

    def _apply_weight_decay(self, variables):
        if not self.weight_decay:
            return
        for variable in variables:
            if self._use_weight_decay(variable):
                rate = keras.ops.cast(self.learning_rate, variable.dtype)
                decay = keras.ops.cast(self.weight_decay, variable.dtype)
                _assign(variable, variable - variable * decay * rate)

    def _backend_update_step(self, grads, trainable_variables, learning_rate):
        for grad, variable in zip(grads, trainable_variables, strict=True):
            self.update_step(grad, variable, learning_rate)


def _assign(variable, value):
    scope = stateless_scope.get_stateless_scope()
    if isinstance(scope, OptimizerValues):
        scope.add_update((variable, value))  # Keras would compare the shapes
    else:
        variable.assign(value)


class _FunctionalNadam(FunctionalOptimizer):
    """Nadam, which keeps a running product in the method that the mixin takes the place of."""

    def _backend_update_step(self, grads, trainable_variables, learning_rate):
        count = keras.ops.cast(self.iterations + 1, self._u_product.dtype)
        factor = self.beta_1 * (1.0 - 0.5 * keras.ops.power(0.96, count))
        self.assign(self._u_product, self._u_product * factor)
        super()._backend_update_step(grads, trainable_variables, learning_rate)


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

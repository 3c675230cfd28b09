"""What Keras and TensorFlow do not promise, one test for each piece that tfapp relies on."""

import gc
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.models_for_tests import Blocks
from tfapp.runtime import private_api


def test_layers_of_a_subclassed_model():
    """--remat and the choice of placements look for blocks and convolutions at any depth."""
    model = Blocks()
    direct = private_api.layers_of(model, recursive=False)
    everything = private_api.layers_of(model)
    assert len([layer for layer in direct if isinstance(layer, keras.layers.Dense)]) == 2
    assert len([layer for layer in everything if isinstance(layer, keras.layers.Dense)]) == 6
    assert model not in everything


def test_optimization_barrier():
    """Without one, XLA merges what --remat computes again with the first time: memory is kept."""

    def twice(x):
        (again,) = private_api.optimization_barrier([x])
        assert again.op.type == "XlaOptimizationBarrier"
        return tf.exp(x) + tf.exp(again)

    x = tf.constant([1.0, 2.0])
    for jit in (True, None):  # placements without XLA run it as a kernel
        compiled = tf.function(twice, jit_compile=jit, autograph=False)
        assert np.asarray(compiled(x)) == pytest.approx(2 * np.exp([1, 2]))
    program = tf.function(twice, jit_compile=True).experimental_get_compiler_ir(x)(stage="hlo")
    assert "opt-barrier" in program


def weights():
    return [keras.Variable(np.full(shape, 2.0, "f4")) for shape in ((3, 4), (4,))]


def build(kind, variables, **arguments):
    optimizer = private_api.functional_optimizer(kind)(**arguments)
    optimizer.build(variables)
    return optimizer


def updated(optimizer, step=0, gradient=1.0):
    """(weights, optimizer's variables) after an update that lives in one XLA program."""

    @tf.function(jit_compile=True, autograph=False)
    def update(trainable, state, step):
        mapping = [
            *zip(optimizer.weights, trainable, strict=True),
            *zip(optimizer.variables, state, strict=True),
        ]
        with keras.StatelessScope(state_mapping=mapping) as scope, optimizer.at_step(step):
            optimizer.apply([tf.fill(v.shape, gradient) for v in trainable])
        return (
            [scope.get_current_value(v) for v in optimizer.weights],
            [scope.get_current_value(v) for v in optimizer.variables],
        )

    return update(
        [v.value.read_value() for v in optimizer.weights],
        [v.value.read_value() for v in optimizer.variables],
        tf.constant(step, tf.int64),
    )


def test_variable_index():
    """Optimizers of tfapp's own find their slots by it."""
    variables = weights()
    optimizer = build(keras.optimizers.SGD, variables, learning_rate=0.5)
    assert [private_api.variable_index(optimizer, v) for v in variables] == [0, 1]


@pytest.mark.parametrize(
    "name",
    [
        "_apply_weight_decay",
        "_backend_update_step",
        "_var_key",
        "_use_weight_decay",
        "add_variable_from_reference",
        "_get_variable_index",
        "assign",
        "assign_add",
        "assign_sub",
        "learning_rate",
    ],
)
def test_keras_still_has_what_the_functional_optimizer_overrides_or_calls(name):
    """Renamed, it would be code that is never called, and Keras's own would assign tf.Variables."""
    assert name in dir(keras.optimizers.Optimizer)


def test_an_update_changes_values_and_no_variable():
    """A tf.Variable that is assigned in the step breaks XLA around two replicas, and the loop."""
    optimizer = build(keras.optimizers.Adam, weights(), learning_rate=0.5)
    before = [np.asarray(v) for v in (*optimizer.weights, *optimizer.variables)]
    trainable, state = updated(optimizer)
    for variable, old in zip((*optimizer.weights, *optimizer.variables), before, strict=True):
        assert np.array_equal(np.asarray(variable), old)
    assert all(np.asarray(v) == pytest.approx(1.5, abs=1e-4) for v in trainable)
    assert int(state[0]) == 1


def test_weight_decay_takes_the_rate_of_the_step_and_leaves_out_what_is_excluded():
    """Keras's own decay assigns tf.Variables; exclusion is by a key that must know values."""
    variables = weights()
    optimizer = private_api.functional_optimizer(keras.optimizers.SGD)(
        learning_rate=keras.optimizers.schedules.PiecewiseConstantDecay([5], [1.0, 0.5]),
        weight_decay=0.1,
    )
    optimizer.exclude_from_weight_decay([variables[1]])
    optimizer.build(variables)
    for step, expected in ((0, 1.8), (9, 1.9)):
        (decayed, excluded), _ = updated(optimizer, step, gradient=0.0)
        assert np.asarray(decayed) == pytest.approx(expected)
        assert np.asarray(excluded) == pytest.approx(2.0)


def test_the_rate_is_that_of_the_step_inside_at_step_alone():
    """The schedule would follow the count of updates, and stand still while they are skipped."""
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([5], [1.0, 0.5])
    optimizer = build(keras.optimizers.SGD, weights(), learning_rate=schedule)
    with optimizer.at_step(9):
        assert float(optimizer.learning_rate) == 0.5
    assert float(optimizer.learning_rate) == 1.0
    assert float(optimizer.rate_at(9)) == 0.5
    assert np.asarray(updated(optimizer, step=9)[0][0]) == pytest.approx(1.5)


def test_a_constant_rate_is_a_variable_of_the_optimizer():
    """Checkpoints name variables by position: the rate is the second, as in those of 0.1.0."""
    optimizer = build(keras.optimizers.Adam, weights(), learning_rate=0.25)
    assert [v.name for v in optimizer.variables[:2]] == ["iteration", "learning_rate"]
    assert len(optimizer.variables) == 2 + 2 * 2
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([5], [1.0, 0.5])
    assert len(build(keras.optimizers.Adam, weights(), learning_rate=schedule).variables) == 5


class MyNadam(keras.optimizers.Nadam):
    """A user's subclass."""


@pytest.mark.parametrize("kind", [keras.optimizers.Nadam, MyNadam])
def test_nadams_running_product_is_updated_and_among_its_variables(kind):
    """Otherwise it would stay as it was in the step, or be lost at a resume."""
    optimizer = build(kind, weights(), learning_rate=0.5)
    _, state = updated(optimizer)
    assert len(state) == 2 + 2 * 2 + 1
    assert float(state[-1]) == pytest.approx(0.9 * (1 - 0.5 * 0.96))


def test_slots_are_known_by_their_weights():
    """Shards are stored as the slots of whole weights would be."""
    optimizer, variables = private_api.functional_optimizer(keras.optimizers.Adam)(), weights()
    assert optimizer.slot_of == {}
    optimizer.build(variables)
    of = [optimizer.slot_of.get(id(v)) for v in optimizer.variables]
    assert of[2:] == [id(variables[0])] * 2 + [id(variables[1])] * 2
    assert of[:2] == [None, None]  # the count of updates and the learning rate


def test_a_released_variable_frees_its_memory_and_has_values_in_scopes():
    variable = keras.Variable(np.ones((2, 3), "f4"), name="part")
    freed = weakref.ref(variable.value)
    private_api.release_value(variable)
    gc.collect()
    assert freed() is None
    with keras.StatelessScope([(variable, tf.zeros((2, 3)))]) as scope:
        variable.assign(variable + 1)
    assert np.array_equal(scope.get_current_value(variable), np.ones((2, 3)))
    assert (variable.shape, variable.dtype, variable.path) == ((2, 3), "float32", "part")


def test_memory_limits_of_gpus():
    """--engine=auto compares the data with the free memory of the GPUs; here there are none."""
    assert private_api.gpu_memory_limits() == []
    from tensorflow.python.client import device_lib

    cpu = device_lib.list_local_devices()[0]
    assert cpu.device_type == "CPU"
    assert cpu.memory_limit > 0


def test_records_are_read_in_any_order(tmp_path):
    """tfrecord: reads records by offset, and a shard beyond a damaged record."""
    path = str(tmp_path / "a.tfrecord")
    with tf.io.TFRecordWriter(path) as writer:
        for record in (b"first", b"second"):
            writer.write(record)
    reader = private_api.record_reader(path)
    _, second = reader.read(0)
    assert reader.read(second)[0] == b"second"
    assert reader.read(0)[0] == b"first"
    with pytest.raises(tf.errors.OpError):
        reader.read(1)
    end = (tmp_path / "a.tfrecord").stat().st_size
    with pytest.raises(IndexError):
        reader.read(end)


def test_the_folder_of_all_tfds_data_sets(tmp_path):
    """Each data set gets an extraction folder of its own below it."""
    import tensorflow_datasets as tfds

    builder = tfds.builder("mnist", data_dir=str(tmp_path), try_gcs=False)
    assert private_api.tfds_root_folder(builder) == str(tmp_path)
    assert str(builder.data_dir).startswith(str(tmp_path))


def test_the_default_folder_of_tfds():
    """Without --data_dir, data that TFDS has prepared before is found again."""
    assert private_api.tfds_default_folder().endswith("tensorflow_datasets")


def test_the_error_for_a_wrong_file():
    """A file of --manual_dir with other content is reported in one line."""
    assert issubclass(private_api.tfds_checksum_error(), Exception)


def test_an_assigned_variable_is_a_leaf_of_its_own():
    """As on TensorFlow: Keras's own scope lets gradients through what is assigned."""
    weight = keras.Variable([2.0, 3.0])
    other = keras.Variable([1.0, 1.0], trainable=False)
    value = tf.constant([2.0, 3.0])
    with tf.GradientTape() as tape:
        tape.watch(value)
        scope = private_api.VariableValues([(weight, value)], [(other, tf.ones(2))])
        with scope:
            read = weight * 1.0
            weight.assign(5.0 * read)
            other.assign(7.0 * read)
            loss = tf.reduce_sum(read * 3.0 + weight * weight + other)
    assert tape.gradient(loss, value).numpy() == pytest.approx([23, 33])  # 3 + 2 * 5 * value
    changed = scope.assigned_among([other, weight])
    assert {i: v.numpy().tolist() for i, v in changed.items()} == {0: [14, 21], 1: [10, 15]}
    assert weight.numpy().tolist() == [2, 3]


def test_call_context():
    """Without it, a block that --remat calls again drops nothing: it is not in training."""
    kept = []

    class Outer(keras.layers.Layer):
        def call(self, inputs):
            kept.append(private_api.call_context())
            return inputs

    Outer()(tf.ones(1), training=True)
    dropout, ones = keras.layers.Dropout(0.5), tf.ones(100)
    with kept[0]():
        assert 0 in dropout(ones).numpy()
    assert 0 not in dropout(ones).numpy()


def test_with_mask_of():
    """Masks travel in an attribute of a tensor, which a function's own arguments lack."""
    masked = keras.layers.Masking()(tf.constant([[[0.0], [1.0]]]))
    copied = private_api.with_mask_of(tf.identity(masked), masked)
    rnn = keras.layers.SimpleRNN(1, return_sequences=True)
    assert np.array_equal(rnn(copied), rnn(masked))
    assert rnn(copied).numpy()[0, 0, 0] == 0


def test_variables_read():
    """A variable that the model does not keep would neither train nor be saved."""
    before, new, unused = (tf.Variable(1.0, trainable=t) for t in (True, False, True))
    found = []

    @tf.function(autograph=False)
    def read():
        x = before + 1.0
        with private_api.variables_read() as variables:
            x += new + before
        found.extend(variables)
        return x

    read()
    assert len(found) == 1 and found[0] is new
    assert unused is not new


def test_a_freed_variable_is_empty_until_it_is_refilled():
    """TensorFlow compares the shapes of a variable and a value where it is told to."""
    variable = tf.Variable(tf.ones([1000, 3]))
    private_api.free(variable)
    assert variable.read_value().numpy().nbytes == 0
    with pytest.raises(ValueError, match="incompatible"):
        private_api.refill(variable, tf.ones([3, 1000]))
    private_api.refill(variable, tf.fill([1000, 3], 2.0))
    assert (variable.numpy() == 2).all()


def test_values_of_an_optimizer_may_be_rows():
    """Keras's scope refuses values of another shape than their variables'."""
    optimizer = build(keras.optimizers.SGD, weights(), learning_rate=0.5, momentum=0.9)
    (weight, _), (slot, _) = optimizer.weights, optimizer.momentums
    others = [(v, v.value) for v in optimizer.variables if id(v) not in optimizer.slot_of]
    pairs = [(weight, tf.ones([1, 4])), (slot, tf.zeros([1, 4])), *others]
    with private_api.OptimizerValues(pairs) as scope, optimizer.at_step(tf.constant(0)):
        optimizer.apply([tf.ones([1, 4])], [weight])
    assert scope.get_current_value(weight).numpy().tolist() == [[0.5] * 4]
    assert scope.get_current_value(slot).numpy().tolist() == [[-0.5] * 4]


def test_which_variable_is_whose_slot():
    optimizer = build(keras.optimizers.Adam, weights(), learning_rate=0.5)
    owners = [optimizer.slot_of.get(id(v)) for v in optimizer.variables]
    first, second = map(id, optimizer.weights)
    assert owners == [None, None, first, first, second, second]
    assert private_api.updates_one_by_one(optimizer)

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


def test_the_path_of_a_layer_is_the_same_in_every_model_of_a_process():
    models = [keras.Sequential([keras.layers.Dense(1, name="head")]) for _ in range(2)]
    for model in models:
        model.build((None, 2))
    assert models[0].name != models[1].name
    assert [private_api.path_of(model.layers[0]) for model in models] == ["head", "head"]


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


def test_a_variable_is_dropped_from_a_built_layer_and_others_are_added():
    """--low_rank replaces the kernel of a dense layer by two."""
    layer = keras.layers.Dense(3)
    layer.build((None, 4))
    dropped = weakref.ref(layer.kernel.value)
    private_api.drop_variable(layer, "_kernel")
    gc.collect()
    assert dropped() is None
    assert [v.name for v in layer.variables] == ["bias"]
    with private_api.adds_weights(layer):
        layer.part = layer.add_weight(name="part", shape=(4, 2))
    assert [v.name for v in layer.trainable_variables] == ["bias", "part"]
    with pytest.raises(ValueError, match="cannot add new elements"):
        layer.add_weight(name="late", shape=(1,))

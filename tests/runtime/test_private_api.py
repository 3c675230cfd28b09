"""What Keras and TensorFlow do not promise, one test for each piece that tfapp relies on."""

import keras
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

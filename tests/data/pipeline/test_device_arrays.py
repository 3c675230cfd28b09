"""Arrays of every type come back from a GPU's form of them as they were."""

import numpy as np
import pytest
import tensorflow as tf

from tfapp.data.pipeline.device_arrays import DeviceArrays

INDICES = [4, 0, 6, 6, 1]
TYPES = (
    "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "bool",
    "float16", "float32", "float64",
)  # fmt: skip


def example(kind, shape):
    random = np.random.default_rng(0)
    bits = random.integers(0, 256, (7, *shape, np.dtype(kind).itemsize), np.uint8)
    if kind == "bool":
        return bits[..., 0] > 127
    if kind.startswith("float"):
        return random.normal(size=(7, *shape)).astype(kind)
    return bits.view(kind)[..., 0]


@pytest.mark.parametrize("shape", [(), (3,), (8,), (5, 3, 1)])
@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("compiled", [True, False])
def test_rows_are_what_they_were(kind, shape, compiled):
    array = example(kind, shape)
    placed = DeviceArrays({"x": array}, tf.distribute.get_strategy(), "GPU")
    gather = tf.function(placed.gather, jit_compile=compiled, autograph=False)
    found = gather(placed.inputs, tf.constant(INDICES, tf.int64))["x"]
    assert found.dtype == kind
    np.testing.assert_array_equal(found, array[INDICES])


def test_what_a_gpu_cannot_gather_is_kept_as_float32():
    arrays = {kind: example(kind, (4,)) for kind in TYPES}
    placed = DeviceArrays(arrays, tf.distribute.get_strategy(), "GPU")
    kept = {kind: value.dtype.name for kind, value in placed.inputs.items()}
    assert kept == {
        kind: kind if kind.startswith("float") or kind.endswith("64") else "float32"
        for kind in TYPES
    }


def test_a_processor_keeps_every_type_and_strings_too():
    arrays = {"text": np.array([b"a", b"b"], object), "ids": np.arange(2, dtype=np.int32)}
    placed = DeviceArrays(arrays, tf.distribute.get_strategy(), "CPU")
    assert [v.dtype for v in placed.inputs.values()] == [tf.string, tf.int32]
    on_gpu = DeviceArrays(arrays, tf.distribute.get_strategy(), "GPU")
    rows = on_gpu.gather(on_gpu.inputs, tf.constant([1], tf.int64))
    assert rows["text"].numpy().tolist() == [b"b"]
    assert rows["ids"].numpy().tolist() == [1]


def test_nothing_is_lost_of_patterns_that_are_no_numbers():
    """Words that are NaN with a payload, infinite or denormal as float32."""
    words = np.array([0x7FC00001, 0x7F800001, -1, 0x7F800000, 1, 0, -2147483648], np.int32)
    placed = DeviceArrays({"x": words}, tf.distribute.get_strategy(), "GPU")
    gather = tf.function(placed.gather, jit_compile=True, autograph=False)
    np.testing.assert_array_equal(gather(placed.inputs, tf.range(7, dtype=tf.int64))["x"], words)

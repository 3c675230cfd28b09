"""A SavedModel of a multi-worker run names no job that only that run had."""

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from tfapp.export.saved_model_file import tidy

JOB = "/job:worker/replica:0/task:1"


def save(folder):
    root = tf.Module()
    root.weight = tf.Variable(3.0)
    root.double = tf.function(lambda x: root.weight * x).get_concrete_function(tf.TensorSpec([]))
    tf.saved_model.save(root, str(folder), signatures={"serving_default": root.double})
    return folder / "saved_model.pb"


def placed(path):
    """All that has a device: nodes of the graph and of its functions."""
    model = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    graph = model.meta_graphs[0].graph_def
    return model, [*graph.node, *(n for f in graph.library.function for n in f.node_def)]


def test_jobs_are_forgotten_and_kinds_of_devices_stay(tmp_path):
    path = save(tmp_path)
    model, nodes = placed(path)
    for node in nodes:
        node.device = f"{JOB}/device:CPU:0"
        if "config_proto" in node.attr:
            node.attr["config_proto"].s = f"filters {JOB}".encode()
    path.write_bytes(model.SerializeToString())
    tidy(tmp_path, {})
    assert b"/job:" not in path.read_bytes()
    assert {node.device for node in placed(path)[1]} == {"/device:CPU:0"}
    loaded = tf.saved_model.load(str(tmp_path))
    (answer,) = loaded.signatures["serving_default"](tf.constant(2.0)).values()
    assert float(answer) == 6.0


def test_a_model_without_a_job_stays_as_it_is(tmp_path):
    path = save(tmp_path)
    before = path.read_bytes()
    tidy(tmp_path, {})
    assert path.read_bytes() == before

"""What a multi-worker run leaves in a SavedModel's graph: its job, which no server has."""

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

_SESSION = "config_proto"  # attribute of a call: the options of the process that traced it


def forget_job(folder):
    """Takes job and task out of the SavedModel in `folder`, if its graph names any."""
    path = folder / "saved_model.pb"
    content = path.read_bytes()
    if b"/job:" not in content:
        return
    model = saved_model_pb2.SavedModel.FromString(content)
    for graph in model.meta_graphs:
        definition = graph.graph_def
        for nodes in (definition.node, *(f.node_def for f in definition.library.function)):
            for node in nodes:
                node.device = _without_job(node.device)
                if _SESSION in node.attr:
                    node.attr[_SESSION].s = b""
        for node in graph.object_graph_def.nodes:
            if node.WhichOneof("kind") == "variable":
                node.variable.device = _without_job(node.variable.device)
    path.write_bytes(model.SerializeToString(deterministic=True))


def _without_job(device):
    return tf.DeviceSpec.from_string(device).replace(job=None, replica=None, task=None).to_string()

"""What TensorFlow cannot be told when it saves a model: methods of signatures, and no job.

A multi-worker run leaves its job in the graph's nodes, which no server has.
"""

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

_SESSION = "config_proto"  # attribute of a call: the options of the process that traced it


def tidy(folder, methods):
    """Changes a SavedModel, if there is anything to change.

    Args:
      folder: pathlib.Path of it, from whose graph job and task are taken out.
      methods: signature -> name of the request of TensorFlow Serving that it is for.
    """
    path = folder / "saved_model.pb"
    content = path.read_bytes()
    if not methods and b"/job:" not in content:
        return
    model = saved_model_pb2.SavedModel.FromString(content)
    for graph in model.meta_graphs:
        for name, method in methods.items():
            graph.signature_def[name].method_name = method
        if b"/job:" in content:
            _forget_job(graph)
    path.write_bytes(model.SerializeToString(deterministic=True))


def _forget_job(graph):
    definition = graph.graph_def
    for nodes in (definition.node, *(f.node_def for f in definition.library.function)):
        for node in nodes:
            node.device = _without_job(node.device)
            if _SESSION in node.attr:
                node.attr[_SESSION].s = b""
    for node in graph.object_graph_def.nodes:
        if node.WhichOneof("kind") == "variable":
            node.variable.device = _without_job(node.variable.device)


def _without_job(device):
    return tf.DeviceSpec.from_string(device).replace(job=None, replica=None, task=None).to_string()

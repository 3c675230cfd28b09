"""Signatures of a SavedModel: core, classify, regress, and the requests of a server's warm-up."""

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from tests.export.conftest import LABEL
from tests.tf_examples import example
from tfapp.export.savedmodel import SavedModelExporter


@pytest.fixture
def saved(tmp_path):
    """saved(servable): the loaded SavedModel and its folder."""

    def run(servable):
        SavedModelExporter().write(servable, tmp_path)
        return tf.saved_model.load(str(tmp_path)), tmp_path

    return run


ROWS = {"size": np.array([60.0, 10.0, np.nan], "f4"), "town": np.array(["Zug", "Paris", ""], "O")}


def test_the_core_takes_numbers_and_gives_logits(make_table_servable, saved):
    servable = make_table_servable()
    model, _ = saved(servable)
    core = model.signatures["core"]
    encoded = servable.encode(ROWS)
    assert {name: spec.dtype for name, spec in core.structured_input_signature[1].items()} == {
        "size": tf.float32, "town": tf.int32
    }  # fmt: skip
    expected = servable.core(servable.preprocess(ROWS))
    np.testing.assert_allclose(core(**encoded)["outputs"], expected, rtol=1e-6)
    graph = core.graph.as_graph_def()
    operations = {node.op for node in graph.node}
    operations |= {node.op for f in graph.library.function for node in f.node_def}
    assert not {op for op in operations if "String" in op or "LookupTable" in op}


def test_classify_takes_serialized_examples(make_table_servable, saved):
    servable = make_table_servable()
    model, _ = saved(servable)
    # The last row's number and text are missing, which is what NaN and "" stand for.
    examples = [example(size=60.0, town=b"Zug"), example(size=10.0, town=b"Paris"), example()]
    found = model.signatures["classify"](examples=tf.constant(examples))
    np.testing.assert_allclose(found["scores"], servable.serve(ROWS)["probabilities"], rtol=1e-6)
    assert found["classes"].numpy().tolist() == [[n.encode() for n in LABEL.class_names]] * 3


def test_classify_takes_encoded_images(make_image_servable, images, saved):
    servable = make_image_servable()
    model, _ = saved(servable)
    files = [tf.io.encode_png(image).numpy() for image in images["image"]]
    found = model.signatures["classify"](examples=tf.constant([example(image=f) for f in files]))
    np.testing.assert_allclose(found["scores"], servable.serve(images)["probabilities"], rtol=1e-6)


def test_regress_takes_serialized_examples(make_table_servable, saved):
    servable = make_table_servable(real=True)
    model, _ = saved(servable)
    assert "classify" not in model.signatures
    examples = tf.constant([example(size=60.0, town=b"Zug"), example(size=10.0), example()])
    rows = {"size": ROWS["size"], "town": np.array(["Zug", "", ""], "O")}
    found = model.signatures["regress"](examples=examples)
    np.testing.assert_allclose(found["outputs"], servable.serve(rows)["value"], rtol=1e-6)


def test_a_server_knows_what_a_signature_is_for(make_table_servable, saved):
    _, folder = saved(make_table_servable())
    content = (folder / "saved_model.pb").read_bytes()
    (graph,) = saved_model_pb2.SavedModel.FromString(content).meta_graphs
    methods = {name: signature.method_name for name, signature in graph.signature_def.items()}
    assert methods["classify"] == "tensorflow/serving/classify"
    assert methods["core"] == methods["serving_default"] == "tensorflow/serving/predict"


def test_warm_up_requests_are_read_by_the_servers_own_messages(make_image_servable, images, saved):
    from tensorflow_serving.apis import prediction_log_pb2 as api

    servable = make_image_servable()
    model, folder = saved(servable)
    SavedModelExporter().add_requests(servable, folder, images)
    file = folder / "assets.extra" / "tf_serving_warmup_requests"
    logs = [api.PredictionLog.FromString(r.numpy()) for r in tf.data.TFRecordDataset(str(file))]
    requests = [log.predict_log.request for log in logs]
    names = [request.model_spec.signature_name for request in requests]
    assert names == ["serving_default", "serving_default", "serving_bytes"]
    for request, size in zip(requests, [1, 5, 1], strict=True):
        arguments = {name: tf.constant(tf.make_ndarray(t)) for name, t in request.inputs.items()}
        answer = model.signatures[request.model_spec.signature_name](**arguments)
        expected = servable.serve({"image": images["image"][:size]})
        np.testing.assert_allclose(answer["probabilities"], expected["probabilities"], rtol=1e-6)

"""TensorFlow Serving's REST interface: rows, columns, bytes, signatures, classify and regress."""

import base64

import numpy as np
import pytest
import tensorflow as tf

from tfapp.export.served_model import ServedModel


def png(image):
    return {"b64": base64.b64encode(tf.io.encode_png(image).numpy()).decode()}


def test_rows_and_columns_are_answered_as_the_saved_model_answers(digits, direct, images):
    expected = direct.answer({"image": images})
    named = [{"image": image} for image in images.tolist()]
    for instances in (images.tolist(), named, images[..., 0].tolist()):
        rows = digits.predict({"instances": instances}).json()["predictions"]
        found = [row["probabilities"] for row in rows]
        np.testing.assert_allclose(found, expected["probabilities"], rtol=1e-5, atol=1e-7)
        names = [name.decode() for name in expected["class_name"]]
        assert [row["class_name"] for row in rows] == names
    for inputs in (images.tolist(), {"image": images.tolist()}):
        columns = digits.predict({"inputs": inputs}).json()["outputs"]
        assert columns["class_id"] == expected["class_id"].tolist()
        assert len(columns["probabilities"]) == len(images)


def test_the_cards_request_has_the_cards_answer(digits):
    card = digits.get("/card").json()
    (found,) = digits.predict(card["example"]["request"]).json()["predictions"]
    (expected,) = card["example"]["answer"]["predictions"]
    np.testing.assert_allclose(found["probabilities"], expected["probabilities"], rtol=1e-4)
    assert found["class_name"] == expected["class_name"]


def test_an_encoded_image_needs_no_signature(digits, direct, images):
    expected = direct.answer({"image": images[:2]})["class_id"].tolist()
    files = [png(image) for image in images[:2]]
    for instances in (files, [{"image": file} for file in files]):
        rows = digits.predict({"instances": instances}).json()["predictions"]
        assert [row["class_id"] for row in rows] == expected
    columns = digits.predict({"inputs": {"image": files}}).json()["outputs"]
    assert columns["class_id"] == expected


def test_more_examples_than_a_batch_takes(digits, direct, images):
    many = np.concatenate([images] * 5)[:21]
    found = digits.predict({"inputs": many.tolist()}).json()["outputs"]
    expected = direct.answer({"image": many})
    np.testing.assert_allclose(
        found["probabilities"], expected["probabilities"], rtol=1e-5, atol=1e-7
    )


def test_the_core_gives_one_output_without_a_name(digits, images):
    body = {"signature_name": "core", "instances": images[:2].tolist()}
    rows = digits.predict(body).json()["predictions"]
    assert np.shape(rows) == (2, 10)


def test_classify(digits, direct, images):
    examples = [{"image": png(image)} for image in images]
    results = digits.post("/v1/models/digits:classify", {"examples": examples}).json()["results"]
    expected = direct.answer({"image": images})["probabilities"]
    assert [label for label, _ in results[0]] == [str(digit) for digit in range(10)]
    np.testing.assert_allclose(
        [[score for _, score in row] for row in results], expected, rtol=1e-5, atol=1e-7
    )


ROWS = [{"the size": 60.0, "town": "Zug"}, {"the size": None, "town": None}]


def test_what_is_missing_is_null(table):
    served = table()
    expected = served.servable.serve({"the size": [60.0, np.nan], "town": [b"Zug", b""]})
    found = served.predict({"instances": ROWS}).json()["predictions"]
    np.testing.assert_allclose(
        [row["probabilities"] for row in found], expected["probabilities"], rtol=1e-5
    )
    by_argument = [{"the_size": row["the size"], "town": row["town"]} for row in ROWS]
    assert served.predict({"instances": by_argument}).json()["predictions"] == found
    written = b'{"instances": [{"the size": 60, "town": "Zug"}, {"the size": NaN, "town": ""}]}'
    assert served.predict(written).json()["predictions"] == found
    examples = {"context": {"town": "Zug"}, "examples": [{"the size": [60.0]}, {"town": ""}]}
    scores = served.post("/v1/models/table:classify", examples).json()["results"]
    assert [[s for _, s in row] for row in scores] == [row["probabilities"] for row in found]
    assert [label for label, _ in scores[0]] == ["low", "mid", "high"]


def test_regress(table):
    served = table(real=True)
    expected = served.servable.serve({"the size": [60.0, np.nan], "town": [b"Zug", b""]})["value"]
    found = served.post("/v1/models/table:regress", {"examples": [ROWS[0], {}]}).json()["results"]
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    message = served.refusal(served.post("/v1/models/table:classify", {"examples": [{}]}), 400)
    assert ":classify is for models that answer with probabilities of classes" in message
    assert ":predict and :regress" in message


@pytest.mark.parametrize(
    "body, message",
    [
        ({}, 'one of "instances" (a list of examples) and "inputs" (of columns) is needed'),
        ({"instances": [1], "inputs": [1]}, 'one of "instances"'),
        ([], "the body is [] where an object is needed"),
        ({"instance": []}, '"instance": is no field of this request; did you mean'),
        ({"instances": []}, "instances: [] where a list of at least one example is needed"),
        ({"instances": [{}]}, 'instances[0]: has no "the size"; null stands for what is missing'),
        ({"instances": [3]}, "instances[0]: 3 where an object is needed (inputs: the size, town)"),
        ({"instances": [ROWS[0], {"town": "Zug"}]}, 'instances[1]: has no "the size"'),
        (
            {"instances": [{**ROWS[0], "twon": 1}]},
            "instances[0]: \"twon\" is no input; did you mean 'town'? (inputs: the size, town)",
        ),
        (
            {"instances": [ROWS[0], {"the size": "big", "town": ""}]},
            'instances[1].the size: "big" is not a number; float32 is needed',
        ),
        (
            {"instances": [{"the size": [1], "town": ""}]},
            "instances[0].the size: has the shape [1]",
        ),
        ({"instances": [{"the size": 1e39, "town": ""}]}, "1e+39 is not float32"),
        ({"instances": [{"the size": 1, "town": [2]}]}, "[0].town: [2] where a string is needed"),
        (
            {"inputs": {"the size": [1, 2], "town": ["a"]}},
            "inputs: the columns differ in length (the size 2, town 1)",
        ),
        ({"inputs": {"the size": 1, "town": ["a"]}}, "inputs.the size: 1 where a list is needed"),
        ({"inputs": [1]}, "inputs: [1] where an object is needed (inputs: the size, town)"),
        (
            {"signature_name": "serving", "instances": ROWS},
            'signature_name: "serving" is no signature of this request; did you mean',
        ),
        ({"signature_name": 1, "instances": ROWS}, "signature_name: 1 where a string is needed"),
    ],
)
def test_a_mistake_is_named(shared_table, body, message):
    assert message in shared_table.refusal(shared_table.predict(body), 400)


@pytest.mark.parametrize(
    "value, message",
    [
        ([[[300]] * 8] * 8, "300 is not uint8 (0 to 255)"),
        ([[[-1]] * 8] * 8, "-1 is not uint8"),
        ([[[1.5]] * 8] * 8, "1.5 is not uint8"),
        ([[[2**70]] * 8] * 8, "1.1805916207174113e+21 is not uint8"),
        ([[[None]] * 8] * 8, "null where uint8 of the shape [8, 8, 1] is needed"),
        ([[[1]] * 8] * 7, "has the shape [7, 8, 1]; uint8 of the shape [8, 8, 1] is needed"),
        ([[[1]] * 8] * 7 + [[[1]] * 7], "its lists differ in length"),
        ({"b64": "?"}, 'the value of "b64" is not base64'),
        ({"b64": "AAAA"}, "is no JPEG, PNG, GIF or BMP"),
        ({"b64": 3}, 'the value of "b64" is not base64'),
        ("AAAA", "is not a number"),
    ],
)
def test_a_mistake_in_an_image_is_named(digits, value, message):
    found = digits.refusal(digits.predict({"instances": [{"image": value}]}), 400)
    assert found.startswith("instances[0].image: ")
    assert message in found


def test_an_image_that_cannot_be_decoded_spoils_no_other_request(digits, images):
    whole = base64.b64decode(png(images[0])["b64"])
    cut = {"b64": base64.b64encode(whole[:40]).decode()}
    message = digits.refusal(digits.predict({"instances": [cut]}), 400)
    assert "an image cannot be decoded" in message
    huge = whole[:16] + (2**20).to_bytes(4, "big") * 2 + whole[24:]
    claims = {"b64": base64.b64encode(huge).decode()}
    assert "1048576x1048576 pixels" in digits.refusal(digits.predict({"instances": [claims]}), 400)


def test_status_and_metadata(digits, direct):
    (status,) = digits.get("/v1/models/digits").json()["model_version_status"]
    assert (status["version"], status["state"]) == ("1", "AVAILABLE")
    found = digits.get("/v1/models/digits/versions/1/metadata").json()
    assert found["model_spec"] == {"name": "digits", "signature_name": "", "version": "1"}
    signatures = found["metadata"]["signature_def"]["signature_def"]
    assert signatures.keys() == direct.functions.keys()
    image = signatures["serving_default"]["inputs"]["image"]
    assert image["dtype"] == "DT_UINT8"
    assert [d["size"] for d in image["tensor_shape"]["dim"]] == ["-1", "8", "8", "1"]


def test_an_export_of_tfapp_0_1_is_served(serve, tmp_path):
    from tests.conftest import ROOT

    old = ROOT / "tests" / "old_runs" / "0.1.0" / "table-finished" / "export"
    served = serve(old, "old")
    model = ServedModel(old / "1")
    assert served.get("/card").status_code == 404
    assert served.get("/").status_code == 200
    row = {name: None if spec.dtype.is_floating else "x" for name, spec in model.inputs.items()}
    assert served.predict({"instances": [row]}).status_code == 200

"""The Open Inference Protocol over REST, with tensors as JSON and as bytes."""

import json
import struct

import numpy as np
import pytest


def tensor(data, shape, datatype="UINT8", name="image"):
    return {"name": name, "shape": shape, "datatype": datatype, "data": data}


def outputs(response):
    assert response.status_code == 200, response.text
    return {output["name"]: output for output in response.json()["outputs"]}


def test_health_and_metadata(digits):
    assert digits.get("/v2").json()["name"] == "tfapp"
    for path in ("/v2/health/live", "/v2/health/ready", "/v2/models/digits/ready"):
        assert digits.get(path).status_code == 200
    found = digits.get("/v2/models/digits/versions/1").json()
    assert (found["name"], found["versions"]) == ("digits", ["1"])
    assert found["inputs"] == [{"name": "image", "datatype": "UINT8", "shape": [-1, 8, 8, 1]}]
    kinds = {output["name"]: (output["datatype"], output["shape"]) for output in found["outputs"]}
    assert kinds == {
        "class_id": ("INT64", [-1]),
        "class_name": ("BYTES", [-1]),
        "probabilities": ("FP32", [-1, 10]),
    }


def test_flat_and_nested_values_are_answered_alike(digits, direct, images):
    expected = direct.answer({"image": images})
    flat = tensor(images.ravel().tolist(), [5, 8, 8, 1])
    nested = tensor(images.tolist(), [5, 8, 8, 1])
    wider = {**flat, "datatype": "INT64"}
    for given in (flat, nested, wider):
        found = outputs(digits.infer({"id": "mine", "inputs": [given]}))
        assert found["probabilities"]["shape"] == [5, 10]
        np.testing.assert_allclose(
            np.reshape(found["probabilities"]["data"], (5, 10)),
            expected["probabilities"],
            rtol=1e-5,
            atol=1e-7,
        )
        assert found["class_id"]["data"] == expected["class_id"].tolist()
    answer = digits.infer({"id": "mine", "inputs": [flat]}).json()
    assert (answer["id"], answer["model_name"], answer["model_version"]) == ("mine", "digits", "1")


def test_only_the_outputs_that_are_asked_for(digits, images):
    body = {
        "inputs": [tensor(images.ravel().tolist(), [5, 8, 8, 1])],
        "outputs": [{"name": "class_id"}],
    }
    assert list(outputs(digits.infer(body))) == ["class_id"]


def test_a_table(shared_table):
    inputs = [
        tensor([60.0, None], [2], "FP32", "the size"),
        tensor(["Zug", ""], [2], "BYTES", "town"),
    ]
    found = outputs(shared_table.infer({"inputs": inputs}))
    rows = {"instances": [{"the size": 60, "town": "Zug"}, {"the size": None, "town": None}]}
    expected = shared_table.predict(rows).json()["predictions"]
    assert found["class_name"]["data"] == [row["class_name"] for row in expected]
    flat = [value for row in expected for value in row["probabilities"]]
    assert found["probabilities"]["data"] == flat


def binary(request, *parts):
    text = json.dumps(request).encode()
    return b"".join([text, *parts]), {"inference-header-content-length": str(len(text))}


def texts(*words):
    return b"".join(struct.pack("<I", len(word)) + word for word in words)


def test_binary_tensors(shared_table):
    size, town = np.array([60, np.nan], "f4").tobytes(), texts(b"Zug", b"")
    request = {
        "inputs": [
            {"name": "the size", "shape": [2], "datatype": "FP32",
             "parameters": {"binary_data_size": len(size)}},
            {"name": "town", "shape": [2], "datatype": "BYTES",
             "parameters": {"binary_data_size": len(town)}},
        ],
        "outputs": [
            {"name": "probabilities", "parameters": {"binary_data": True}},
            {"name": "class_name", "parameters": {"binary_data": True}},
        ],
    }  # fmt: skip
    body, headers = binary(request, size, town)
    response = shared_table.infer(body, **headers, **{"content-type": "application/octet-stream"})
    assert response.status_code == 200, response.text
    length = int(response.headers["inference-header-content-length"])
    answer, rest = json.loads(response.content[:length]), response.content[length:]
    first, second = answer["outputs"]
    width = first["parameters"]["binary_data_size"]
    probabilities = np.frombuffer(rest[:width], "f4").reshape(first["shape"])
    rows = {"instances": [{"the size": 60, "town": "Zug"}, {"the size": None, "town": None}]}
    expected = shared_table.predict(rows).json()["predictions"]
    np.testing.assert_allclose(probabilities, [row["probabilities"] for row in expected], rtol=1e-6)
    assert rest[width:] == texts(*(row["class_name"].encode() for row in expected))
    assert len(rest) == width + second["parameters"]["binary_data_size"]


def test_binary_images(digits, direct, images):
    data = images.tobytes()
    given = {
        "name": "image", "shape": [5, 8, 8, 1], "datatype": "UINT8",
        "parameters": {"binary_data_size": len(data)},
    }  # fmt: skip
    body, headers = binary({"inputs": [given]}, data)
    found = outputs(digits.infer(body, **headers))
    assert found["class_id"]["data"] == direct.answer({"image": images})["class_id"].tolist()


@pytest.mark.parametrize(
    "inputs, message",
    [
        (None, "inputs: null where a list of at least one tensor is needed"),
        ([3], 'inputs[0]: an object with the string "name" is needed'),
        ([tensor([1], [1])] * 2, 'inputs: "image" is given twice'),
        ([tensor([1], [1], name="imag")], "\"imag\" is no input; did you mean 'image'?"),
        ([tensor([1], [1], "FP31")], '.datatype: "FP31" is unknown (one of BOOL'),
        ([tensor([1] * 64, [1, 8, 8])], None),
        ([tensor([1] * 64, [64])], "has the shape []; uint8 of the shape [8, 8, 1] is needed"),
        ([tensor([1] * 63, [1, 8, 8, 1])], "has 63 values, the shape [1, 8, 8, 1] is of 64"),
        ([tensor([1] * 64, "1")], '.shape: "1" where a list of whole numbers is needed'),
        ([tensor([], [0, 8, 8, 1])], ".shape: [0, 8, 8, 1] holds no value, or too many"),
        ([tensor([1], [2**31 - 1] * 3)], "holds no value, or too many"),
        ([tensor([256] + [1] * 63, [1, 8, 8, 1])], "256 is not uint8 (0 to 255)"),
        ([tensor([[1], 2], [2])], ".data: its lists differ in depth"),
        ([tensor("x", [1])], '.data: "x" where a list is needed'),
    ],
)
def test_a_mistake_is_named(digits, inputs, message):
    response = digits.infer({"inputs": inputs})
    if message is None:
        assert response.status_code == 200
        return
    assert message in digits.refusal(response, 400)


@pytest.mark.parametrize(
    "sizes, header, message",
    [
        ([64], "x", "is no number up to"),
        ([64], "9999", "is no number up to"),
        ([65], None, "binary_data_size: 65 is no number up to 64, what the body has left"),
        ([63], None, "the body has 1 bytes that belong to no tensor"),
        ([-1], None, "binary_data_size: -1"),
    ],
)
def test_lengths_of_binary_tensors_that_do_not_fit(digits, sizes, header, message):
    given = {
        "name": "image", "shape": [1, 8, 8, 1], "datatype": "UINT8",
        "parameters": {"binary_data_size": sizes[0]},
    }  # fmt: skip
    body, headers = binary({"inputs": [given]}, bytes(64))
    headers = headers if header is None else {"inference-header-content-length": header}
    assert message in digits.refusal(digits.infer(body, **headers), 400)


def test_unknown_outputs_and_ids(digits, images):
    given = [tensor(images.ravel().tolist(), [5, 8, 8, 1])]
    for change, message in (
        ({"outputs": [{"name": "clas_id"}]}, "\"clas_id\" is no output; did you mean 'class_id'?"),
        ({"outputs": 3}, "outputs: 3 where a list"),
        ({"id": 3}, "id: 3 where a string is needed"),
    ):
        assert message in digits.refusal(digits.infer({"inputs": given, **change}), 400)

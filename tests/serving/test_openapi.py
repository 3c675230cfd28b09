"""The OpenAPI description fits what the server takes."""

import jsonschema
import pytest


@pytest.fixture
def check():
    """check(served, path, body): whether the document's schema takes a body."""

    def fits(served, path, body):
        document = served.get("/openapi.json").json()
        content = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        jsonschema.Draft202012Validator.check_schema(content["schema"])
        return jsonschema.Draft202012Validator(content["schema"]).is_valid(body)

    return fits


def test_the_cards_request_fits(digits, check, images):
    path = "/v1/models/digits:predict"
    document = digits.get("/openapi.json").json()
    example = document["paths"][path]["post"]["requestBody"]["content"]["application/json"][
        "example"
    ]
    right = [
        example,
        {"instances": images.tolist()},
        {"inputs": {"image": images.tolist()}},
        {"signature_name": "core", "instances": images.tolist()},
    ]
    wrong = [{"instances": []}, {"instances": [[300]]}, {"inputs": {"imag": 1}}, {}]
    for bodies, fits in ((right, True), (wrong, False)):
        for body in bodies:
            assert check(digits, path, body) == fits, body
            assert (digits.predict(body).status_code == 200) == fits, body


def test_a_table_has_its_columns(shared_table, check):
    path = "/v1/models/table:predict"
    for row, fits in (
        ({"the_size": 3, "town": "Zug"}, True),
        ({"the_size": None, "town": None}, True),
        ({"the_size": "x", "town": "Zug"}, False),
        ({"town": "Zug"}, False),
    ):
        body = {"instances": [row]}
        assert check(shared_table, path, body) == fits
        assert (shared_table.predict(body).status_code == 200) == fits
    assert check(shared_table, "/v1/models/table:classify", {"examples": [{"the size": 3.0}]})


def test_infer(digits, check, images):
    tensor = {"name": "image", "datatype": "UINT8", "shape": [5, 8, 8, 1]}
    body = {"inputs": [{**tensor, "data": images.ravel().tolist()}]}
    assert check(digits, "/v2/models/digits/infer", body)
    assert not check(digits, "/v2/models/digits/infer", {"inputs": [tensor]})


def test_every_path_of_the_document_is_answered(digits):
    document = digits.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    for path, methods in document["paths"].items():
        for method in methods:
            response = digits.client.request(method.upper(), path)
            assert response.status_code == (200 if method == "get" else 400), path

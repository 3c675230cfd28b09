"""Paths, methods, limits, and bodies that are anything: an answer in JSON, and never a 500."""

import asyncio
import json
import random

import pytest

from tfapp.serving.errors import RequestError


@pytest.mark.parametrize(
    "method, path, status, message",
    [
        ("GET", "/v1/models/digit", 404, "there is no model 'digit'; 'digits' is served"),
        ("POST", "/v2/models/x/infer", 404, "there is no model 'x'; 'digits' is served"),
        ("GET", "/nothing", 404, "there is no '/nothing'; there are /card, "),
        (
            "GET",
            "/v1/models/digits/versions/2",
            404,
            "version 2 is not loaded; version 1 is served",
        ),
        ("POST", "/v1/models/digits/versions/x:predict", 404, "version x is not loaded"),
        ("GET", "/v1/models/digits:predict", 405, "GET is not for this path; use POST"),
        ("POST", "/v1/models/digits", 405, "POST is not for this path; use GET"),
        ("DELETE", "/", 405, "DELETE is not for this path; use GET"),
        ("POST", "/v1/models/digits:guess", 404, "there is no '/v1/models/digits:guess'"),
    ],
)
def test_paths_and_methods(digits, method, path, status, message):
    response = digits.client.request(method, path)
    assert message in digits.refusal(response, status)
    assert (status == 405) == ("allow" in response.headers)


def test_health_card_page_and_metrics(digits):
    assert digits.get("/healthz").json() == {"status": "ok"}
    assert digits.get("/readyz").status_code == 200
    assert digits.client.head("/healthz").status_code == 200
    assert digits.get("/card").json()["label"]["classes"] == [str(digit) for digit in range(10)]
    page = digits.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "digits" in page.text
    digits.predict({"instances": "x"})
    text = digits.get("/metrics").text
    assert 'tfapp_requests_total{request="predict",status="400"}' in text
    assert "tfapp_model_version 1.0" in text
    assert "tfapp_batch_examples_count" in text


def test_not_ready_while_it_stops(hurried):
    hurried.app.is_stopping = True
    for path in ("/readyz", "/v2/health/ready", "/v2/models/digits/ready"):
        assert hurried.refusal(hurried.get(path), 503) == "the server is stopping"
    assert hurried.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    "headers, status, message",
    [
        ({"content-type": "image/png"}, 415, "content-type: image/png; send application/json"),
        ({"content-encoding": "gzip"}, 415, "content-encoding: gzip; send the body as it is"),
        ({"content-length": "200001"}, 413, "the body has more than 0.2 MB"),
        ({"content-length": "9" * 30}, 413, "the body has more than 0.2 MB"),
    ],
)
def test_headers_are_refused_before_the_body_is_read(digits, headers, status, message):
    response = digits.post("/v1/models/digits:predict", b"{}", **headers)
    assert message in digits.refusal(response, status)


@pytest.mark.parametrize("kind", ["", "application/x-www-form-urlencoded", "application/json"])
def test_what_curl_sends_is_read(digits, images, kind):
    headers = {"content-type": kind} if kind else {}
    body = {"instances": images[:1].tolist()}
    assert digits.post("/v1/models/digits:predict", body, **headers).status_code == 200


def test_a_large_body_without_a_length(digits):
    parts = (b" " * 60_000 for _ in range(5))
    response = digits.client.post("/v1/models/digits:predict", content=parts)
    assert "more than 0.2 MB" in digits.refusal(response, 413)


async def call(app, receive, path="/v1/models/digits:predict"):
    """(status, JSON) of a request whose body comes from `receive`."""
    sent = []
    scope = {
        "type": "http", "method": "POST", "path": path, "headers": [], "query_string": b"",
    }  # fmt: skip

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    return (sent[0]["status"], json.loads(sent[1]["body"])) if sent else None


@pytest.fixture
def hurried(serve, digits):
    """A `Served` of the digits that takes one request at a time, for 0.05 s."""
    return serve(None, "digits", versions=digits.versions, seconds=0.05, pending=1)


async def never():
    await asyncio.Event().wait()


def body_of(images):
    content = json.dumps({"instances": images[:1].tolist()}).encode()

    async def receive():
        return {"type": "http.request", "body": content, "more_body": False}

    return receive


def test_a_slow_body_a_slow_answer_and_a_full_house(hurried, images, monkeypatch):
    async def run():
        slow, full = await asyncio.gather(call(hurried.app, never), call(hurried.app, never))
        assert slow == (408, {"error": "the body took too long to arrive"})
        assert full[0] == 429
        assert "1 requests are being answered already" in full[1]["error"]
        monkeypatch.setattr(
            hurried.batcher, "submit", lambda *_: asyncio.get_running_loop().create_future()
        )
        late = await call(hurried.app, body_of(images))
        assert late == (504, {"error": "the answer took longer than 0.05 s"})
        monkeypatch.undo()
        assert (await call(hurried.app, body_of(images)))[0] != 429  # none of them is left

    asyncio.run(run())


def test_a_client_that_is_gone_gets_no_answer(digits):
    async def gone():
        return {"type": "http.disconnect"}

    assert asyncio.run(call(digits.app, gone)) is None


def test_what_nobody_expected_is_a_500_that_shows_nothing(hurried, images, monkeypatch, caplog):
    def fail(*_):
        raise OSError("/root/secret")

    monkeypatch.setattr(hurried.batcher, "submit", fail)
    status, answer = asyncio.run(call(hurried.app, body_of(images)))
    assert status == 500
    assert "secret" not in str(answer)
    assert "/root/secret" in caplog.text


def test_refusals_of_the_model_are_passed_on(hurried, images, monkeypatch):
    def refuse(*_):
        raise RequestError(503, "there is not enough memory")

    monkeypatch.setattr(hurried.batcher, "submit", refuse)
    assert asyncio.run(call(hurried.app, body_of(images)))[0] == 503


VALUES = (
    None, True, 0, -1, 1.5, 1e308, 2**63, 2**70, "", "x", "é\U0001f600", [], {}, [[]], [None],
    [1, [2]], {"b64": "AAAA"}, {"b64": 3}, {"b64": "AA", "x": 1}, {"image": 3}, [{"image": []}],
)  # fmt: skip
FIELDS = (
    "instances", "inputs", "signature_name", "examples", "context", "image", "id", "outputs",
    "name", "shape", "datatype", "data", "parameters", "binary_data_size", "", "é",
)  # fmt: skip
WORDS = ("image", "serving_bytes", "core", "UINT8", "BYTES", "class_id", "")


def anything(draw, depth=0):
    """A JSON value of the requests' own words."""
    kind = draw.random()
    if depth > 4 or kind < 0.3:
        return draw.choice(VALUES)
    if kind < 0.4:
        return draw.choice(WORDS)
    if kind < 0.55:
        return [draw.randrange(-1, 300) for _ in range(draw.choice((1, 8, 64)))]
    if kind < 0.7:
        return [anything(draw, depth + 1) for _ in range(draw.randrange(4))]
    fields = draw.sample(FIELDS, draw.randrange(1, 5))
    return {field: anything(draw, depth + 1) for field in fields}


def malformed(draw):
    """(path, body, headers) of a request that is wrong, or right by chance."""
    path = draw.choice((":predict", ":classify", ":regress"))
    path = draw.choice((f"/v1/models/digits{path}", "/v2/models/digits/infer"))
    body = json.dumps(anything(draw)).encode()
    if draw.random() < 0.5:
        field = draw.choice(("instances", "inputs", "examples"))
        body = json.dumps({field: anything(draw)}).encode()
    kind = draw.random()
    if kind < 0.1:
        body = body[: draw.randrange(len(body) + 1)]
    elif kind < 0.2:
        body = draw.randbytes(draw.randrange(200))
    elif kind < 0.25:
        body = b"[" * draw.choice((100, 2000, 100_000)) + b"NaN"
    elif kind < 0.3:
        body = body.replace(b"1", b"NaN").replace(b"2", b"Infinity")
    length = draw.choice(("", "0", "5", str(len(body)), "-1", "1e3", "99999999999999999999"))
    headers = {"inference-header-content-length": length} if draw.random() < 0.2 else {}
    return path, body, headers


def check_malformed(served, seeds):
    statuses = set()
    for seed in seeds:
        path, body, headers = malformed(random.Random(seed))
        response = served.post(path, body, **headers)
        statuses.add(response.status_code)
        assert response.status_code in (200, 400, 413, 415), (seed, response.text)
        if response.status_code != 200:
            message = served.refusal(response, response.status_code)
            assert "\n" not in message
            assert not any(word in message for word in ("Traceback", "/root", "/tmp", "site-pack"))
    return statuses


def test_malformed_requests(digits):
    assert {200, 400} <= check_malformed(digits, range(300)) | {200}


@pytest.mark.slow
def test_many_malformed_requests(digits, shared_table):
    check_malformed(digits, range(300, 1500))

"""The ASGI application: what a path stands for, limits, and an answer to every request.

Whatever goes wrong is answered in JSON, {"error": "..."}, which holds nothing of this machine.
"""

import asyncio
import dataclasses
import logging
import re
import time
import traceback

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from tfapp.serving import binary_tensors, bodies, index, open_inference, openapi, rest
from tfapp.serving.errors import RequestError
from tfapp.serving.json_text import dumps, loads

_LOG = logging.getLogger("tfapp")
_VERSIONED = re.compile(r"(/v[12]/models/[^/:]+)/versions/([^/:]+)(.*)", re.DOTALL)
_MODEL = re.compile(r"/v[12]/models/([^/:]+)")
_LARGE = 65_536  # bytes of a body or values of an answer that a thread takes apart or writes
_JSON = "application/json"
_ALLOWED = {"GET": "GET, HEAD", "POST": "POST"}


@dataclasses.dataclass(frozen=True)
class Limits:
    """What the server takes at most."""

    body_bytes: int
    pending: int  # requests that are read, wait or are answered at a time
    seconds: float  # for a body to arrive, and for its answer


class App:
    """Serves one model."""

    def __init__(self, *, name, versions, batcher, metrics, limits):
        """
        Args:
          name: of the model in URLs; holds neither / nor :.
          versions: `Versions`.
          batcher: a `Batcher`.
          metrics: `Metrics`.
          limits: `Limits`.
        """
        self._name = name
        self._versions = versions
        self._batcher = batcher
        self._metrics = metrics
        self._limits = limits
        self._pending = 0
        self.is_stopping = False
        self.connections = lambda: 0  # how many are open; 0: not known
        self._routes = self._table()

    def _table(self):
        """Path without a version -> (method, what it is called in metrics, handler)."""
        first, second = f"/v1/models/{self._name}", f"/v2/models/{self._name}"
        get = {
            "/": ("page", lambda v: _page(*index.page_of(v.card, self._name))),
            "/card": ("card", lambda v: _json(_found(v.card, "this export has no card"))),
            "/openapi.json": ("openapi", lambda v: _json(openapi.describe(v, self._name))),
            "/metrics": ("metrics", lambda v: _metrics(self._metrics)),
            "/healthz": ("health", lambda v: _json({"status": "ok"})),
            "/readyz": ("health", lambda v: self._ready({"status": "ok"})),
            first: ("status", lambda v: _json(rest.status(v))),
            f"{first}/metadata": ("metadata", lambda v: _json(rest.metadata(v, self._name))),
            "/v2": ("server_metadata", lambda v: _json(open_inference.server_metadata())),
            "/v2/health/live": ("health", lambda v: _json({"live": True})),
            "/v2/health/ready": ("health", lambda v: self._ready({"ready": True})),
            second: ("metadata", lambda v: _json(open_inference.model_metadata(v, self._name))),
            f"{second}/ready": ("health", lambda v: self._ready({"ready": True})),
        }
        post = {
            f"{first}:predict": ("predict", self._predict),
            f"{first}:classify": ("classify", self._classify),
            f"{first}:regress": ("regress", self._regress),
            f"{second}/infer": ("infer", self._infer),
        }
        return {
            **{path: ("GET", *what) for path, what in get.items()},
            **{path: ("POST", *what) for path, what in post.items()},
        }

    async def __call__(self, scope, receive, send):
        """The application, as ASGI has it."""
        if scope["type"] != "http":
            return
        began = time.monotonic()
        label, response = "unknown", None
        try:
            label, response = await self._respond(Request(scope, receive), began)
        except ClientDisconnect:
            return
        except RequestError as error:
            response = _refusal(error)
        except Exception:
            _LOG.error("serve: a request failed: %s", traceback.format_exc())
            response = _refusal(RequestError(500, "internal error; the log has the reason"))
        self._metrics.answered(label, response.status_code, time.monotonic() - began)
        await response(scope, receive, send)

    async def _respond(self, request, began):
        """(label, Response) of a request."""
        path, number = request.scope["path"], ""
        if versioned := _VERSIONED.fullmatch(path):
            path, number = versioned[1] + versioned[3], versioned[2]
        route = self._routes.get(path)
        if route is None:
            raise self._not_found(path)
        method, label, handler = route
        try:
            if request.method != method and not (method == "GET" and request.method == "HEAD"):
                raise _wrong_method(request.method, method)
            version = self._versions.get(number)
            if method == "GET":
                return label, handler(version)
            return label, await self._within_limits(handler, request, version, began)
        except RequestError as error:
            return label, _refusal(error)

    async def _within_limits(self, handler, request, version, began):
        if self._pending >= self._limits.pending:
            raise RequestError(
                429,
                f"{self._pending} requests are being answered already; try again later",
                {"retry-after": "1"},
            )
        self._pending += 1
        self._metrics.pending(self._pending)
        try:
            return await handler(request, version, began + self._limits.seconds)
        finally:
            self._pending -= 1
            self._metrics.pending(self._pending)

    async def _predict(self, request, version, deadline):
        body = await self._body(request, deadline)
        asked = await _by_size(len(body), lambda: rest.read_predict(loads(body), version))
        answers = await self._answers(asked, deadline)
        return await _by_size(asked.count * 256, lambda: _json(rest.predict_answer(asked, answers)))

    async def _classify(self, request, version, deadline):
        answers = await self._examples(request, version, deadline, rest.CLASSIFY)
        return _json(rest.classify_answer(version, answers))

    async def _regress(self, request, version, deadline):
        answers = await self._examples(request, version, deadline, rest.REGRESS)
        return _json(rest.regress_answer(answers))

    async def _examples(self, request, version, deadline, kind):
        body = await self._body(request, deadline)
        asked = await _by_size(len(body), lambda: rest.read_examples(loads(body), version, kind))
        return await self._answers(asked, deadline)

    async def _infer(self, request, version, deadline):
        body = await self._body(request, deadline)
        header = request.headers.get(binary_tensors.HEADER)

        def read():
            value = binary_tensors.read(body, header)
            return value, open_inference.read_infer(value, version)

        value, asked = await _by_size(len(body), read)
        answers = await self._answers(asked, deadline)
        answer = open_inference.infer_answer(version, self._name, value, answers)
        content, length = await _by_size(
            asked.count * 256, lambda: binary_tensors.write(answer, value)
        )
        if length is None:
            return Response(content, media_type=_JSON)
        headers = {binary_tensors.HEADER: str(length)}
        return Response(content, headers=headers, media_type="application/octet-stream")

    async def _body(self, request, deadline):
        return await bodies.read(request, self._limits.body_bytes, deadline)

    async def _answers(self, asked, deadline):
        """Name of an answer -> NumPy [count, ...]. Raises RequestError."""
        what = asked.signature, asked.arrays, asked.count
        if self.connections() == 1:
            answers = self._batcher.answer_at_once(*what)
            if answers is not None:
                return answers
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                return await self._batcher.submit(*what, deadline)
        except TimeoutError as error:
            raise RequestError(
                504, f"the answer took longer than {self._limits.seconds:g} s"
            ) from error

    def _ready(self, value):
        if self.is_stopping:
            raise RequestError(503, "the server is stopping")
        return _json(value)

    def _not_found(self, path):
        model = _MODEL.match(path)
        if model and model[1] != self._name:
            return RequestError(
                404, f"there is no model {model[1][:60]!r}; {self._name!r} is served"
            )
        known = ", ".join(path for path in self._routes if path != "/")
        return RequestError(404, f"there is no {path[:100]!r}; there are {known}")


async def _by_size(size, work):
    """The result of `work`, which a thread does if there is much of it."""
    return await asyncio.to_thread(work) if size > _LARGE else work()


def _wrong_method(method, right):
    return RequestError(
        405, f"{method[:20]} is not for this path; use {right}", {"allow": _ALLOWED[right]}
    )


def _found(value, otherwise):
    if not value:
        raise RequestError(404, otherwise)
    return value


def _json(value):
    return Response(dumps(value), media_type=_JSON)


def _refusal(error):
    content = dumps({"error": error.message})
    return Response(content, error.status, error.headers, media_type=_JSON)


def _page(text, policy):
    headers = {"content-security-policy": policy, "x-content-type-options": "nosniff"}
    return Response(text, headers=headers, media_type="text/html")


def _metrics(metrics):
    kind, text = metrics.text()
    return Response(text, headers={"content-type": kind})

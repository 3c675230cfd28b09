"""The body of a request, read within the limits on its size and its time."""

import asyncio
import time

from tfapp.serving.errors import RequestError

_MB = 1_000_000
# What clients write who send JSON: the second is curl's own, the last that of binary tensors.
_TYPES = (
    "application/json",
    "application/x-www-form-urlencoded",
    "text/plain",
    "application/octet-stream",
)


def check_headers(request, limit):
    """Refuses what need not be read to be refused. Raises RequestError.

    Args:
      request: a starlette Request.
      limit: bytes of a body at most.
    """
    kind = request.headers.get("content-type", _TYPES[0]).partition(";")[0].strip().lower()
    if kind and kind not in _TYPES and not kind.endswith("+json"):
        raise RequestError(415, f"content-type: {kind[:60]}; send application/json")
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding not in ("identity", ""):
        raise RequestError(415, f"content-encoding: {encoding[:60]}; send the body as it is")
    length = request.headers.get("content-length", "0")
    if not (length.isascii() and length.isdecimal()) or int(length[:20]) > limit:
        raise _too_large(limit)


async def read(request, limit, deadline):
    """The body, bytes.

    Args:
      request: a starlette Request.
      limit: bytes of a body at most.
      deadline: of time.monotonic(), by which it must be here.

    Raises:
      RequestError: it is too large (413), too slow (408), or of another type (415).
      ClientDisconnect: the client is gone.
    """
    check_headers(request, limit)
    parts, size = [], 0
    try:
        async with asyncio.timeout(deadline - time.monotonic()):
            async for part in request.stream():
                size += len(part)
                if size > limit:
                    raise _too_large(limit)
                parts.append(part)
    except TimeoutError as error:
        raise RequestError(408, "the body took too long to arrive") from error
    return b"".join(parts)


def _too_large(limit):
    return RequestError(413, f"the body has more than {limit / _MB:g} MB; send fewer examples")

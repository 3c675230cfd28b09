"""Listens, prints where once it is ready, and stops gracefully at SIGTERM and SIGINT."""

import asyncio
import contextlib
import errno
import logging
import socket

import uvicorn

from tfapp.errors import UsageError
from tfapp.runtime import output
from tfapp.serving.connection import Connection

_LOG = logging.getLogger("tfapp")
_BACKLOG = 1024  # connections that wait to be accepted
_IDLE_SECONDS = 75  # that a connection stays open between two requests


def listen(host, port):
    """A socket that is bound.

    Args:
      host: name or address.
      port: 0: any that is free.

    Raises:
      UsageError: there is no such address here, or the port is in use.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is no name of a host"
        raise UsageError(
            f"--host={host}: {reason}; use 127.0.0.1, or 0.0.0.0 for all addresses"
        ) from error
    family, kind, protocol, _, address = found[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRNOTAVAIL:
            raise UsageError(
                f"--host={host}: is no address of this machine; use 127.0.0.1, or 0.0.0.0 for all"
            ) from error
        raise UsageError(f"--port={port}: {error.strerror}; choose another one") from error
    return listener


def address_of(listener, host):
    """The URL of a bound socket."""
    port = listener.getsockname()[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(app, listener, url, *, watch, stop_seconds):
    """Serves until SIGTERM or SIGINT; requests that have begun are answered.

    Args:
      app: an `App`.
      listener: a bound socket.
      url: its address.
      watch: () -> an awaitable that goes on for ever while requests are answered.
      stop_seconds: that requests have to be answered once it stops.
    """
    settings = uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",  # it warns of every request that is not HTTP
        access_log=False,
        server_header=False,
        backlog=_BACKLOG,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=stop_seconds,
    )
    server = _Server(settings, app, url)

    async def run():
        task = asyncio.create_task(watch())
        try:
            await server.serve(sockets=[listener])
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    with asyncio.Runner(loop_factory=settings.get_loop_factory()) as runner:
        runner.run(run())


class _Server(uvicorn.Server):
    """uvicorn's, which prints one line once it is ready."""

    def __init__(self, settings, app, url):
        super().__init__(settings)
        self._app, self._url = app, url
        app.connections = lambda: len(self.server_state.connections)

    async def startup(self, sockets=None):
        await super().startup(sockets=sockets)
        output.answer(f"serving at {self._url}")

    async def shutdown(self, sockets=None):
        self._app.is_stopping = True
        _LOG.info("serve: stopping; requests that have begun are answered")
        await super().shutdown(sockets=sockets)

"""--mode=data_service: a dispatcher and data workers, which read examples for training elsewhere.

Without --data_service it is a dispatcher with data workers of its own; with it, data workers that
join the dispatcher named. It serves until SIGTERM or SIGINT, and then ends with exit code 0.
"""

import contextlib
import logging
import socket
import time

from tfapp.errors import UsageError

_LOG = logging.getLogger("tfapp")
_LOOK_SECONDS = 1.0  # between two looks at how many data workers there are
_LOST_MS = 20_000  # without a sign of life from a data worker
_UNUSED_MS = 10_000  # before what a reader has left is dropped
# An address for documentation (RFC 5737): no packet is sent to it, only a route is looked up.
_ANYWHERE = ("192.0.2.1", 9)


def main(config):
    """Serves. Raises UsageError: a port is in use, or no dispatcher answers."""
    serve = _join if config.data_service else _dispatch
    port = 0 if config.port == "auto" else config.port
    try:
        with contextlib.ExitStack() as servers:
            serve(config, port, servers)
    except KeyboardInterrupt:  # at SIGTERM, too: see `tfapp.cli.run`
        _LOG.info("data service: stopped")


def _dispatch(config, port, servers):
    """Runs a dispatcher and data workers, which the ExitStack `servers` stops."""
    import tensorflow as tf

    from tfapp.data.pipeline import dispatcher as about
    from tfapp.runtime import private_api

    service = tf.data.experimental.service
    _check_free(port)
    dispatcher = service.DispatchServer(
        service.DispatcherConfig(
            port=port,
            protocol="grpc",
            worker_timeout_ms=_LOST_MS,
            job_gc_check_interval_ms=_UNUSED_MS,
            job_gc_timeout_ms=_UNUSED_MS,
        )
    )
    servers.callback(dispatcher.stop)
    port = private_api.data_service_port(dispatcher)
    about.announce(f"grpc://localhost:{port}")
    host = config.data_host or _own_address(_ANYWHERE)
    _LOG.info("data service: dispatcher at grpc://%s:%d", host, port)
    _LOG.warning(
        "data service: there is no login: whoever reaches its ports can read this machine's files; "
        "keep it in a private network"
    )
    _start_workers(config.data_workers, servers, dispatcher=f"localhost:{port}", host=host)
    known = None
    while True:
        count = private_api.registered_workers(dispatcher)
        if count != known:
            _LOG.info("data service: %d data worker%s", count, "" if count == 1 else "s")
        known = count
        time.sleep(_LOOK_SECONDS)


def _join(config, port, servers):
    """Runs data workers of a dispatcher elsewhere, which the ExitStack `servers` stops."""
    from tfapp.data.pipeline import dispatcher as about

    if not config.data_workers:
        raise UsageError("--data_workers=0: leaves none to join --data_service; run 1 or more")
    about.find(config.data_service)
    _start_workers(
        config.data_workers,
        servers,
        dispatcher=config.data_service.removeprefix("grpc://"),
        host=config.data_host or _own_address(about.host_and_port(config.data_service)),
        port=port,
    )
    while True:
        time.sleep(_LOOK_SECONDS)


def _start_workers(count, servers, *, dispatcher, host, port=0):
    """Starts data workers.

    Args:
      count: how many.
      servers: an ExitStack, which stops them.
      dispatcher: "HOST:PORT" of theirs.
      host: name or address by which others reach them.
      port: of the first, followed by those of the others; 0: any.
    """
    import tensorflow as tf

    from tfapp.runtime import private_api

    service = tf.data.experimental.service
    for number in range(count):
        own = port and port + number
        _check_free(own)
        worker = service.WorkerServer(
            service.WorkerConfig(
                dispatcher_address=dispatcher,
                worker_address=f"{host}:%port%",
                data_transfer_address=f"{host}:%dts_port%",
                port=own,
                protocol="grpc",
            )
        )
        servers.callback(worker.stop)
        place = f"{host}:{private_api.data_service_port(worker)}"
        _LOG.info("data service: data worker at %s, of the dispatcher at %s", place, dispatcher)


def _check_free(port):
    """Raises UsageError if another process listens at `port`, which TensorFlow would share."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("", port))
        except (OSError, OverflowError) as error:
            raise UsageError(f"--port={port}: {error}; choose another one") from error


def _own_address(place):
    """The address of the interface that leads to `place`, (host, port)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as route:
        try:
            route.connect(place)
            return route.getsockname()[0]
        except OSError:  # there is no network
            return "127.0.0.1"

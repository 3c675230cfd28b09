"""--mode=serve: answers requests over HTTP with a finished run's export, until it is stopped.

It uses only the SavedModel, none of the code or data that the model was made from. SIGTERM and
SIGINT end it with exit code 0, once the requests that have begun are answered.
"""

import functools
import logging
import pathlib

from tfapp.errors import UsageError
from tfapp.flag_values import parse_duration
from tfapp.run_export import check_export
from tfapp.run_folder import EXPORT
from tfapp.serving import check_packages

_LOG = logging.getLogger("tfapp")
_PORT = 8501  # that of TensorFlow Serving's REST interface
_RESERVED = frozenset("/:")  # of paths of the interfaces


def main(config):
    """Serves. Raises UsageError: no export, no such address, a port in use, a package missing."""
    check_packages()
    check_export(config.model_dir)
    name = _name(config.serve_name, config.model_dir)
    try:
        _serve(config, name)
    except KeyboardInterrupt:  # at SIGTERM, too: see `tfapp.cli.run`
        _LOG.info("serve: stopped")


def _serve(config, name):
    from tfapp.serving import server
    from tfapp.serving.app import App, Limits
    from tfapp.serving.batcher import Batcher
    from tfapp.serving.metrics import Metrics
    from tfapp.serving.version import load
    from tfapp.serving.versions import Versions

    listener = server.listen(config.host, _PORT if config.port == "auto" else config.port)
    seconds = _seconds(config.serve_timeout, "serve_timeout")
    poll = _seconds(config.serve_poll, "serve_poll")
    metrics = Metrics()
    with listener:
        versions = Versions(
            pathlib.Path(config.model_dir) / EXPORT,
            load=functools.partial(load, largest=config.serve_batch_size),
            on_swap=lambda version: metrics.version(version.number),
        )
        batcher = Batcher(
            largest=config.serve_batch_size,
            wait_seconds=config.serve_batch_ms / 1000,
            observe=metrics.batch,
        )
        limits = Limits(int(config.serve_body_mb * 1e6), config.serve_queue, seconds)
        app = App(name=name, versions=versions, batcher=batcher, metrics=metrics, limits=limits)
        url = server.address_of(listener, config.host)
        _LOG.info("serve: version %d of %s at %s", versions.current.number, name, url)
        try:
            server.serve(
                app, listener, url, watch=lambda: versions.watch(poll), stop_seconds=seconds
            )
        finally:
            batcher.close()


def _name(wanted, model_dir):
    """The model's name in URLs. Raises UsageError."""
    name = wanted or pathlib.Path(model_dir).resolve().name
    if name and not set(name) & _RESERVED:
        return name
    flag = f"--serve_name={wanted}" if wanted else f"--model_dir={model_dir}"
    raise UsageError(f"{flag}: a name in a URL holds neither / nor :; give another --serve_name")


def _seconds(text, flag):
    return parse_duration(text, flag, ("seconds",)).value

"""The server of a finished run's export: where it listens, how it batches, what it refuses."""

import dataclasses

from tfapp.config_fields import in_group

_flag = in_group("Serving")


@dataclasses.dataclass(frozen=True)
class Serving:
    """Fields of `tfapp.config.Config`; --port is that of `DataService`."""

    # fmt: off
    host: str = _flag("127.0.0.1",
        "name or address that --mode=serve listens at; 0.0.0.0 and :: are all of this machine's, "
        "and there is no login", resolved=False)
    serve_name: str = _flag("",
        "name of the model in URLs; by default that of the run's folder", resolved=False)
    serve_batch_size: int = _flag(64,
        "examples that the model answers at once at most, from as many requests as there are; "
        "1: each by itself", least=1, most=65536, resolved=False)
    serve_batch_ms: float = _flag(2.0,
        "milliseconds that a request waits at most for others to join it, where several come at a "
        "time, and no longer than the model takes", least=0, most=60_000, resolved=False)
    serve_queue: int = _flag(256,
        "requests that are read, wait or are answered at a time; more get the status 429", least=1,
        resolved=False)
    serve_body_mb: float = _flag(16.0,
        "MB of a request's body; larger ones get the status 413", above=0, resolved=False)
    serve_timeout: str = _flag("30s",
        "how long a request may take: its body to arrive (status 408), its answer to be computed "
        "(504)", units=("seconds",), above=0, resolved=False)
    serve_poll: str = _flag("2s",
        "time between two looks for a higher version of the export, which then takes the place of "
        "the one that is served", units=("seconds",), above=0, resolved=False)
    # fmt: on

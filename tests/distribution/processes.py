"""Workers in processes of their own on 127.0.0.1, for tests."""

import contextlib
import json
import socket

from tests.conftest import outcome, start_main


def free_addresses(count):
    """HOST:PORT, as many as asked for, which nothing uses."""
    with contextlib.ExitStack() as stack:
        sockets = [
            stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)
        ]
        return [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]


def start_workers(folders, *flags, own=()):
    """A process of main.py for each folder, in which it works; Popens, worker 0 first.

    `own`: for each worker, flags of its own.
    """
    addresses = ",".join(free_addresses(len(folders)))
    own = own or [()] * len(folders)
    return [
        start_main(folder, f"--workers={addresses}", f"--worker={i}", *flags, *own[i])
        for i, folder in enumerate(folders)
    ]


def run_workers(folders, *flags, own=()):
    """The `Outcome` of each worker, at its end."""
    processes = start_workers(folders, *flags, own=own)
    try:
        return [outcome(process) for process in processes]
    finally:
        for process in processes:
            process.kill()


def losses(run):
    """(split, step) -> loss of every record of a run."""
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return {(r["split"], r["step"]): r["loss"] for r in map(json.loads, lines)}

"""Requests a second of --mode=serve under load, and of plain FastAPI handlers; answers are checked.

    python benchmarks/serving.py --seconds=10

The model is the default run's, and a request one example in JSON. Clients keep their connections
and send the next request once they have an answer. They run on the same machine as the server, in
a process of its own, so that a rate is that of both. Servers take turns, in rounds. The handlers
are `async def`, the fastest way to write them; every server has uvloop and httptools. Each answer
is compared with that of the same model without HTTP (1e-5).
"""

import asyncio
import contextlib
import json
import os
import pathlib
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import command_line

ROOT = pathlib.Path(__file__).resolve().parents[1]
SERVERS = ("tfapp", "tfapp-unjoined", "fastapi-predict", "fastapi-savedmodel")
_TOLERANCE = 1e-5
_IMAGES = 256
_WARM_SECONDS = 1.0
_START_SECONDS = 120


def main():
    parser = command_line.Parser(__doc__)
    parser.add_argument("--seconds", type=command_line.above_zero(float), default=5.0)
    parser.add_argument("--rounds", type=command_line.above_zero(int), default=2)
    parser.add_argument("--connections", type=_counts, default=[1, 8, 64], help="by comma")
    parser.add_argument("--checked", type=int, default=0, help="more answers of tfapp")
    parser.add_argument(
        "--only", type=command_line.names_of(SERVERS), default=list(SERVERS), help="by comma"
    )
    flags = parser.parse_args()
    for package in ("fastapi", "uvicorn", "orjson"):
        command_line.needs(package)
    uvloop = command_line.needs("uvloop")

    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as running:
        folder = pathlib.Path(folder)
        targets = _start(folder, running, flags.only)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_measure(targets, flags))
            if flags.checked and "tfapp" in targets:
                runner.run(_check_many(targets["tfapp"], flags.checked))


def _counts(text):
    return [command_line.above_zero(int)(part) for part in text.split(",")]


class Target:
    """A server: its port, the bytes of its requests, and its right answers."""

    def __init__(self, port, path, images, expected):
        self.port = port
        self.requests = [_request(port, path, image) for image in images]
        self.expected = expected.tolist()

    def is_right(self, body, index):
        """Whether the body of an answer is what the model answers for image `index`."""
        import orjson

        value = orjson.loads(body)
        rows = value.get("predictions")
        found = rows[0]["probabilities"] if rows else value["probabilities"][0]
        pairs = zip(found, self.expected[index], strict=True)
        return all(abs(a - b) <= _TOLERANCE for a, b in pairs)


def _request(port, path, image):
    body = json.dumps({"instances": [image.tolist()]}, separators=(",", ":")).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _start(folder, running, names):
    """Name -> Target, of servers that run until the ExitStack `running` is closed."""
    import numpy as np

    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1"}
    main = [sys.executable, str(ROOT / "main.py")]
    run = folder / "digits"
    subprocess.run(
        [*main, f"--model_dir={run}", "--epochs=5"], env=environment, check=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    images = np.random.default_rng(0).integers(0, 17, (_IMAGES, 8, 8, 1), np.uint8)
    np.save(folder / "images.npy", images)
    targets = {}
    for kind in ("predict", "saved_model"):  # the second one's answers are tfapp's as well
        port, expected = _free_port(), folder / f"{kind}.npy"
        peer = [
            sys.executable, str(ROOT / "benchmarks" / "peers" / "serving_handler.py"), kind,
            f"--export={run / 'export' / '1'}", f"--port={port}",
            f"--images={folder / 'images.npy'}", f"--expected={expected}",
        ]  # fmt: skip
        process = subprocess.Popen(peer, env=environment)
        running.callback(_stop, process)
        _wait_for(port, process)
        name = "fastapi-predict" if kind == "predict" else "fastapi-savedmodel"
        targets[name] = Target(port, "/predict", images, np.load(expected))
    expected = np.load(folder / "saved_model.npy")
    for name, flags in (("tfapp", []), ("tfapp-unjoined", ["--serve_batch_size=1"])):
        command = [*main, "--mode=serve", f"--model_dir={run}", "--port=0", *flags]
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        running.callback(_stop, process)
        port = int(re.search(r":(\d+)$", process.stdout.readline().strip())[1])
        targets[name] = Target(port, "/v1/models/digits:predict", images, expected)
    return {name: targets[name] for name in names}


def _stop(process):
    process.terminate()
    process.wait()


def _free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _wait_for(port, process):
    ends = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < ends:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.1)
    sys.exit("a server did not start")


async def _client(target, number, ends, latencies, most=None):
    """Sends requests over one connection until `ends`. Returns how many answers were wrong."""
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    wrong, index = 0, number * 17
    while time.perf_counter() < ends and (most is None or len(latencies) < most):
        index = (index + 1) % len(target.requests)
        began = time.perf_counter()
        writer.write(target.requests[index])
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(re.search(rb"content-length: (\d+)", head, re.IGNORECASE)[1])
        body = await reader.readexactly(length)
        latencies.append(time.perf_counter() - began)
        wrong += not (b" 200 " in head[:20] and target.is_right(body, index))
    writer.close()
    return wrong


async def _load(target, connections, seconds, most=None):
    """(requests a second, latencies, wrong answers)."""
    began, latencies = time.perf_counter(), []
    clients = [_client(target, i, began + seconds, latencies, most) for i in range(connections)]
    wrong = sum(await asyncio.gather(*clients))
    return len(latencies) / (time.perf_counter() - began), latencies, wrong


async def _measure(targets, flags):
    print("| connections | server | requests/s | p50 ms | p99 ms | of it, tfapp is | wrong |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for connections in flags.connections:
        rates = {name: [] for name in targets}
        latencies, wrong = {name: [] for name in targets}, dict.fromkeys(targets, 0)
        for _ in range(flags.rounds):
            for name, target in targets.items():
                await _load(target, connections, _WARM_SECONDS)
                rate, seen, bad = await _load(target, connections, flags.seconds)
                rates[name].append(rate)
                latencies[name] += seen
                wrong[name] += bad
        ours = statistics.median(rates.get("tfapp", [0.0]))
        for name in targets:
            cuts = statistics.quantiles(latencies[name], n=100)
            rate = statistics.median(rates[name])
            print(
                f"| {connections} | {name} | {rate:,.0f} | {cuts[49] * 1e3:.2f} | "
                f"{cuts[98] * 1e3:.2f} | {ours / rate:.2f}x | {wrong[name]} of "
                f"{len(latencies[name]):,} |",
                flush=True,
            )


async def _check_many(target, count):
    _, latencies, wrong = await _load(target, 64, 600, count)
    print(f"\n{wrong} wrong among {len(latencies):,} checked answers of tfapp at 64 connections")


if __name__ == "__main__":
    main()

"""--mode=serve from the command line: mistakes, and a server in a process of its own."""

import asyncio
import concurrent.futures
import contextlib
import json
import shutil
import signal
import socket
import threading
import urllib.request

import pytest

from tests.conftest import HANG_SECONDS, outcome
from tfapp import serving


@pytest.mark.parametrize(
    "flags, reason",
    [
        ([], "--mode=serve needs --model_dir"),
        (["--model_dir=nothing"], "--model_dir=nothing: holds no export"),
        (["--model_dir=RUN", "--host=256.0.0.1"], "--host=256.0.0.1: "),
        (["--model_dir=RUN", "--host=203.0.113.7"], "--host=203.0.113.7: is no address of this"),
        (["--model_dir=RUN", "--serve_name=a/b"], "--serve_name=a/b: a name in a URL holds"),
        (["--model_dir=RUN", "--serve_timeout=3"], "--serve_timeout=3: write it as 60s"),
        (["--model_dir=RUN", "--serve_batch_size=0"], "--serve_batch_size=0: must lie between"),
        (["--model_dir=RUN", "--port=-1"], "--port=-1: must lie between 0 and 65535"),
    ],
)
def test_flags_that_cannot_work(run_cli, trained_run, flags, reason):
    done = run_cli("--mode=serve", *(f.replace("RUN", trained_run.model_dir) for f in flags))
    assert done.code == 2
    assert reason in done.err
    assert done.err.count("\n") == 1


def test_a_port_in_use(run_cli, trained_run):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = run_cli("--mode=serve", f"--model_dir={trained_run.model_dir}", f"--port={port}")
    assert done.code == 2
    assert f"tfapp: --port={port}: Address already in use; choose another one" in done.err
    assert done.err.count("\n") == 1


def test_a_package_that_is_missing(run_cli, trained_run, monkeypatch):
    monkeypatch.setitem(serving.PACKAGES, "no_such_package", "no-such-package")
    done = run_cli("--mode=serve", f"--model_dir={trained_run.model_dir}")
    assert done.code == 2
    assert done.err == (
        "tfapp: --mode=serve: needs packages that are not here: pip install no-such-package\n"
    )


@pytest.mark.parametrize(
    "flag, modes",
    [
        ("--port=5050", "--mode=data_service and --mode=serve"),
        ("--host=0.0.0.0", "--mode=serve"),
        ("--serve_batch_ms=1", "--mode=serve"),
    ],
)
def test_flags_of_servers(run_cli, flag, modes):
    done = run_cli(flag)
    assert done.code == 2
    assert done.err == f"tfapp: {flag.partition('=')[0]} belongs to {modes}\n"


@pytest.fixture
def run_folder(trained_run, tmp_path):
    """A folder with the export of the digits, as a run has it."""
    path = tmp_path / "my run"
    shutil.copytree(trained_run.export_dir, path / "export" / "1")
    return path


def request_of(folder):
    card = json.loads((folder / "export" / "1" / "model_card.json").read_text())
    example = card["example"]
    return json.dumps(example["request"]).encode(), example["answer"]["predictions"][0]


async def client(address, body, expected, answers, stopping):
    """Sends requests over one connection until the server closes it."""
    host, port = address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"POST /v1/models/my%20run:predict HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}"
    request = f"{head}\r\n\r\n".encode() + body
    with contextlib.closing(writer):
        while (answer := await answered(reader, writer, request)) is not None:
            (found,) = answer["predictions"]
            assert found["class_name"] == expected["class_name"]
            assert found["probabilities"] == pytest.approx(expected["probabilities"], abs=1e-5)
            answers.append(answer)
    assert stopping.is_set()


async def answered(reader, writer, request):
    """The JSON of an answer; None if the connection was closed while it was idle."""
    writer.write(request)
    try:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    length = int(lines.partition("content-length: ")[2].partition("\r\n")[0])
    answer = json.loads(await reader.readexactly(length))
    assert lines.startswith("http/1.1 200"), answer
    return answer


@pytest.mark.slow
def test_a_swap_under_load_and_a_graceful_stop(spawn_main, run_folder):
    process = spawn_main(
        "--mode=serve", f"--model_dir={run_folder}", "--port=0", "--serve_poll=0.1s"
    )
    ready = process.stdout.readline()
    assert ready.startswith("serving at http://127.0.0.1:")
    address = ready.split()[-1]
    body, expected = request_of(run_folder)
    answers, stopping = [], threading.Event()

    async def load():
        await asyncio.wait_for(
            asyncio.gather(*(client(address, body, expected, answers, stopping) for _ in range(8))),
            HANG_SECONDS,
        )

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        clients = pool.submit(asyncio.run, load())
        shutil.copytree(run_folder / "export" / "1", run_folder / "export" / ".aside")
        (run_folder / "export" / ".aside").rename(run_folder / "export" / "2")
        while version(address) != "2":
            assert not clients.done(), clients.result()
        count = len(answers)
        while len(answers) < count + 100:
            assert not clients.done(), clients.result()
        stopping.set()
        process.send_signal(signal.SIGTERM)
        done = outcome(process)
        clients.result(HANG_SECONDS)
    assert done.code == 0
    assert done.out == ""
    assert "version 2 takes the place of version 1" in done.err
    assert done.err.endswith("serve: stopped\n")


def version(address):
    with urllib.request.urlopen(f"{address}/v1/models/my%20run") as answer:
        return json.load(answer)["model_version_status"][0]["version"]


@pytest.mark.slow
def test_raw_bytes_and_slow_clients(spawn_main, run_folder):
    """Neither ends the server, and what is no HTTP is answered in JSON."""
    process = spawn_main(
        "--mode=serve", f"--model_dir={run_folder}", "--port=0", "--serve_timeout=1s"
    )
    address = process.stdout.readline().split()[-1]
    place = ("127.0.0.1", int(address.rpartition(":")[2]))
    silent = [socket.create_connection(place, HANG_SECONDS) for _ in range(2)]
    silent[1].sendall(b"GET / HTTP/1.1\r\nhost: ")
    for data in (
        b"\0\1\2\3",
        b"GET\r\n\r\n",
        b"POST / HTTP/9.9\r\n\r\n",
        bytes(70_000),
        b"\xff" * 99,
    ):
        with socket.create_connection(place, HANG_SECONDS) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            answer = _all_of(connection)
        assert not answer or b'{"error":' in answer
    head = b"POST /v1/models/my%20run:predict HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"
    with socket.create_connection(place, HANG_SECONDS) as connection:
        connection.sendall(head)
        answer = _all_of(connection)  # which ends, because the connection is closed
    assert b" 408 " in answer.partition(b"\r\n")[0]
    with socket.create_connection(place, HANG_SECONDS) as connection:  # reads once all is sent
        connection.sendall(head.replace(b": 100", b": 30000000") + bytes(30_000_000 - 1))
        connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        answer = _all_of(connection)
    assert b" 413 " in answer.partition(b"\r\n")[0]
    assert answer.endswith(b'{"status":"ok"}')
    for connection in silent:
        with connection:
            assert _all_of(connection) == b""  # which ends, as above
    assert version(address) == "1"
    process.send_signal(signal.SIGINT)
    assert outcome(process).code == 0


def _all_of(connection):
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        return b"".join(parts)
    return b"".join(parts)

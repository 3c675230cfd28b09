"""--mode=data_service from the command line, and training that its data workers feed."""

import itertools
import json
import pathlib
import signal
import socket
import time

import pytest

from tests.conftest import HANG_SECONDS, outcome, start_main
from tests.image_files import make_folder


@pytest.mark.parametrize(
    "flags, reason",
    [
        (["--data_service=localhost:5050"], "--data_service=localhost:5050: write it as grpc://"),
        (["--data_service=grpc://a:0"], "--data_service=grpc://a:0: write it as grpc://HOST:PORT"),
        (["--data_service=grpc://a:1,grpc://b:1"], "write it as grpc://HOST:PORT"),
        (["--port=5050"], "--port belongs to --mode=data_service"),
        (["--data_host=here"], "--data_host belongs to --mode=data_service"),
        (["--data_service=grpc://a:1", "--engine=resident"], "contradicts --engine=resident"),
        (["--data_service=grpc://a:1", "--xla=loop"], "--data_service contradicts --xla=loop"),
        (
            ["--mode=data_service", "--data_service=grpc://a:1", "--data_workers=0"],
            "--data_workers=0: leaves none to join --data_service",
        ),
    ],
)
def test_flags_that_cannot_work(run_cli, flags, reason):
    done = run_cli(*flags)
    assert done.code == 2
    assert reason in done.err
    assert done.err.count("\n") == 1


def test_a_port_in_use(run_cli):
    with socket.socket() as other:
        other.bind(("", 0))
        other.listen()
        port = other.getsockname()[1]
        done = run_cli("--mode=data_service", f"--port={port}")
    assert done.code == 2
    assert f"tfapp: --port={port}: " in done.err
    assert "choose another one" in done.err


class Processes:
    """Processes of main.py, whose logs are files."""

    def __init__(self, folder):
        self._folder, self._count = folder, itertools.count()
        self.started = []

    def start(self, *flags):
        log = self._folder / f"{next(self._count)}.log"
        with open(log, "w") as file:
            process = start_main(self._folder, *flags, stderr=file)
        process.log = log
        self.started.append(process)
        return process


@pytest.fixture
def processes(tmp_path):
    found = Processes(tmp_path)
    yield found
    for process in found.started:
        process.kill()
        process.communicate()


def wait_for(condition, process=None):
    ends = time.monotonic() + HANG_SECONDS
    while not condition():
        assert time.monotonic() < ends
        assert process is None or process.poll() is None
        time.sleep(0.05)


LOST = "did not come in time and will be read here"


def free_port():
    with socket.socket() as found:
        found.bind(("", 0))
        return found.getsockname()[1]


def train_losses(folder):
    path = pathlib.Path(folder) / "metrics.jsonl"
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    records = [json.loads(line) for line in lines if line.endswith("\n")]
    return [(r["split"], r["step"], r["loss"]) for r in records]


@pytest.mark.slow
def test_training_is_the_same_whatever_happens_to_the_service(processes, run_cli, tmp_path):
    """A data worker is killed in one run; the dispatcher, with one of its own, in another.

    Not both in one run, because a worker that is left reads far ahead while a lost piece is waited
    for, possibly to the end, after which no dispatcher is missed.
    """
    folder = make_folder(tmp_path / "animals", each=15)
    port = free_port()
    address = f"grpc://127.0.0.1:{port}"
    serve = ("--mode=data_service", "--data_host=127.0.0.1")
    train = (
        f"--dataset=folder:{folder}", "--model=mlp", "--batch_size=12", "--steps=2000",
        "--xla=off", "--precision=float32", "--export=none", "--early_stopping=0",
        "--evaluate_every=1000", "--learning_rate=1e-3",
    )  # fmt: skip

    def start_served(model_dir):
        run = processes.start(*train, f"--model_dir={model_dir}", f"--data_service={address}")
        wait_for(lambda: train_losses(model_dir), run)
        return run

    def assert_as_local(model_dir, run, *words):
        code, log = outcome(run).code, run.log.read_text()
        assert code == 0, log
        assert train_losses(model_dir) == train_losses("local")
        assert "engine: stream (fed by --data_service)" in log
        assert any(each in log for each in words), log

    dispatcher = processes.start(*serve, f"--port={port}")
    worker = processes.start(*serve, f"--data_service={address}")
    assert run_cli(*train, "--model_dir=local", "--engine=stream").code == 0
    run = start_served("less_a_worker")
    worker.kill()
    assert_as_local("less_a_worker", run, LOST)
    run = start_served("another_dispatcher")
    dispatcher.kill()
    dispatcher.wait()
    dispatcher = processes.start(*serve, f"--port={port}")
    assert_as_local("another_dispatcher", run, LOST, "the data service failed and is asked again")
    dispatcher.send_signal(signal.SIGTERM)
    assert outcome(dispatcher).code == 0
    log = dispatcher.log.read_text()
    assert log.endswith("data service: stopped\n")
    assert f"data service: dispatcher at {address}\n" in log
    assert "data service: data worker at 127.0.0.1:" in worker.log.read_text()

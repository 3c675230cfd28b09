"""`python -m tfapp.launch`: what the workers, which are stubs, get, and what becomes of them."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

import pytest

from tests import launching
from tests.conftest import HANG_SECONDS, ROOT, Outcome
from tfapp import launch
from tfapp.config import FLAGS
from tfapp.runtime.workers import Pace

HEAD = """
import json, os, pathlib, signal, sys, time
config = json.loads(os.environ["TF_CONFIG"])
index = config["task"]["index"]
start = sum(path.name.startswith(f"start-{index}-") for path in pathlib.Path().iterdir())
pathlib.Path(f"start-{index}-{start}").write_text(str(os.getpid()))

def rest():
    time.sleep(600)

def ended(index):
    path = pathlib.Path(f"start-{index}-{start}")
    try:
        os.kill(int(path.read_text() or os.getpid()), 0)
    except ProcessLookupError:
        return True
    except FileNotFoundError:
        return False

def lost():  # as worker 0, which notices that worker 1 is gone
    while not ended(1):
        time.sleep(0.01)
    sys.exit(75)
"""


@pytest.fixture
def stub(tmp_path):
    """stub(code): a program that each worker runs; it knows its `index` and `start`."""

    def write(code):
        path = tmp_path / "stub.py"
        path.write_text(f"{HEAD}\n{code}\n")
        return path

    return write


@pytest.fixture
def run(stub, capsys):
    """run(code, *flags): the `Outcome` of the launcher, in this process."""

    def run(code, *flags, pace=launching.PATIENT):
        command = launching.command(stub(code))
        capsys.readouterr()
        found = launch.main(["launch", *flags], command=command, pace=pace)
        return Outcome(found, *capsys.readouterr())

    return run


@pytest.fixture
def spawn(stub, tmp_path):
    """spawn(code, *flags): the launcher in a process of its own; a Popen."""
    started = []

    def spawn(code, *flags):
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.launching", str(stub(code)), *flags],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # a group of its own, as a shell gives to each command
        )
        started.append(process)
        return process

    yield spawn
    for process in started:
        process.kill()
        process.communicate()
    for path in tmp_path.glob("start-*"):
        kill(int(path.read_text()))


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def starts():
    """How often each worker was started."""
    return [len(list(pathlib.Path().glob(f"start-{index}-*"))) for index in (0, 1)]


def wait_for(condition):
    ends = time.monotonic() + HANG_SECONDS
    while not condition():
        assert time.monotonic() < ends, "the launcher hangs"
        time.sleep(0.01)


def test_each_worker_knows_the_cluster_and_its_place(run):
    done = run(
        'pathlib.Path(f"seen-{index}").write_text(json.dumps([config, sys.argv[1:], os.getcwd()]))',
        "--workers=3", "--", "--dataset=a b", "--seed=3",
    )  # fmt: skip
    assert done.code == 0, done.err
    seen = [json.loads(pathlib.Path(f"seen-{index}").read_text()) for index in range(3)]
    addresses = seen[0][0]["cluster"]["worker"]
    assert len(set(addresses)) == 3
    for index, (config, arguments, folder) in enumerate(seen):
        assert config["cluster"] == {"worker": addresses}
        assert config["task"] == {"type": "worker", "index": index}
        assert arguments == ["--strategy=multi_worker", "--dataset=a b", "--seed=3"]
        assert folder == os.getcwd()
    for address in addresses:
        host, _, port = address.partition(":")
        assert host == "127.0.0.1"
        socket.create_server((host, int(port))).close()


def test_a_port_of_ones_own(run):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    done = run("print(config['cluster']['worker'])", f"--port={port}", "--workers=1")
    assert done.out == f"['127.0.0.1:{port}']\n"


def test_the_chiefs_answer_is_clean_and_all_else_is_tagged(run):
    done = run(
        "print(f'answer of {index}'); print('two\\rparts\\n\\nlast', file=sys.stderr, end='')"
    )
    assert (done.code, done.out) == (0, "answer of 0\n")
    tagged = sorted(line for line in done.err.splitlines() if line.startswith("[worker"))
    expected = [f"[worker {i}] {text}" for i in (0, 1) for text in ("last", "parts", "two")]
    assert tagged == sorted([*expected, "[worker 1] answer of 1"])


def test_much_output_is_complete(run):
    """More than a pipe holds, part of it after everything else has ended."""
    done = run("print('x' * 99, flush=True); sys.stdout.write('y' * 1000000)")
    assert done.out.splitlines()[0] == "x" * 99
    assert done.out.count("y") == 1000000
    assert sum(line.count("y") for line in done.err.splitlines()) == 1000000


def test_a_process_that_holds_the_pipes_open_does_not_delay_the_end(run):
    done = run(
        "child = 0 if index else os.fork() or rest()\n"
        "if child: pathlib.Path('child').write_text(str(child))"
    )
    kill(int(pathlib.Path("child").read_text()))
    assert done.code == 0


def test_a_mistake_ends_all_and_is_not_repeated(run):
    done = run("sys.exit(3) if index else lost()", "--restarts=3")
    assert done.code == 3
    assert starts() == [1, 1]
    assert "tfapp: worker 1 ended with code 3; the others have" in done.err
    assert done.err.splitlines()[-1] == "tfapp: worker 1 ended with code 3"


def test_a_lost_peer_is_not_the_cause(run):
    """The one that notices may be the first to end."""
    done = run(
        """
while index and not ended(0):
    time.sleep(0.01)
sys.exit(3 if index else 75)
""",
        "--restarts=3",
    )
    assert (done.code, starts()) == (3, [1, 1])


@pytest.mark.parametrize("failure", ["sys.exit(75)", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_all_are_started_again_after_a_loss(run, failure):
    done = run(f"if start < 2: {failure} if index else lost()\nprint(index, start)", "--restarts=3")
    assert (done.code, done.out, starts()) == (0, "0 2\n", [3, 3])
    assert "; restart 2 of 3" in done.err


@pytest.mark.parametrize("restarts", [0, 1])
def test_restarts_are_counted(run, restarts):
    code = "os.kill(os.getpid(), signal.SIGKILL) if index else lost()"
    done = run(code, f"--restarts={restarts}")
    assert (done.code, starts()) == (128 + 9, [1 + restarts] * 2)
    assert done.err.splitlines()[-1] == "tfapp: worker 1 was killed by SIGKILL"


def test_a_stopped_worker_is_not_started_again(run):
    assert run("sys.exit(143)", "--restarts=3").code == 143
    assert starts() == [1, 1]


def test_a_worker_that_hangs_is_ended(run):
    """By SIGTERM, and by SIGKILL if it does not heed that; its code does not count."""
    done = run(
        """
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path(f"ready-{index}").touch()
while index and not pathlib.Path("ready-0").exists():
    time.sleep(0.01)
sys.exit(2) if index else rest()
""",
        pace=Pace(notice=0.1, terminate=0.1),
    )
    assert done.code == 2
    assert "tfapp: worker 0 has not ended: SIGTERM" in done.err
    assert "tfapp: worker 0 has not ended: SIGKILL" in done.err


def test_a_worker_that_saves_is_waited_for(run):
    """One that ended with 143 says that all are stopping, and the chief needs time to save."""
    code = """
while not index and not ended(1):
    time.sleep(0.01)
time.sleep(0.5)
print("saved")
sys.exit(143)
"""
    done = run(code, pace=Pace(notice=0.0, terminate=0.0))
    assert (done.code, done.out) == (143, "saved\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_a_signal_goes_to_all_once(spawn, number):
    process = spawn(
        f"""
seen = []
signal.signal({int(number)}, lambda *_: seen.append(1))
pathlib.Path(f"ready-{{index}}").touch()
while not seen:
    time.sleep(0.01)
time.sleep(0.3)
print(len(seen), file=sys.stderr)
sys.exit(143)
""",
        "--restarts=3",
    )
    wait_for(lambda: pathlib.Path("ready-0").exists() and pathlib.Path("ready-1").exists())
    os.killpg(process.pid, number)  # as a terminal does
    _, err = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 143
    assert starts() == [1, 1]
    assert {"[worker 0] 1", "[worker 1] 1"} <= set(err.splitlines())


def test_workers_that_a_signal_ends_as_it_was_meant_to_are_not_started_again(spawn):
    process = spawn("rest()", "--restarts=3")
    wait_for(lambda: starts() == [1, 1])
    process.terminate()
    _, err = process.communicate(timeout=HANG_SECONDS)
    assert (process.returncode, starts()) == (143, [1, 1])
    assert "restart" not in err


def test_workers_end_with_a_launcher_that_is_killed(spawn):
    process = spawn("rest()")
    wait_for(lambda: starts() == [1, 1])
    pids = [int(path.read_text()) for path in pathlib.Path().glob("start-*") if path.read_text()]
    process.kill()
    process.communicate()
    wait_for(lambda: not any(map(runs, pids)))


def runs(pid):
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--workers=0"], "tfapp: --workers=0: must lie between 1 and 256"),
        (["--wokers=3"], "tfapp: --wokers: unknown flag; did you mean 'workers'?"),
        (["--seed=1"], "tfapp: --seed: unknown flag (see --help); the flags of the workers come"),
        (["--restarts=many"], "tfapp: --restarts=many: not a whole number"),
        (["2"], "tfapp: '2': not a flag"),
        (["--port=65535", "--"], "tfapp: --port=65535: the last worker's would be 65536"),
    ],
)
def test_a_mistake_of_ones_own_is_one_line(run, arguments, message):
    done = run("", *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(message)
    assert done.err.count("\n") == 1


def test_a_port_in_use_is_named(run):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("", f"--port={port}", "--workers=1")
    assert done.code == 2
    assert done.err.startswith(f"tfapp: --port={port}: 127.0.0.1:{port} cannot be used (Address")


def test_a_command_that_cannot_be_started(capsys):
    assert launch.main(["launch"], command=("/no/such/python",)) == 2
    assert "tfapp: --workers=2: cannot be started: No such file" in capsys.readouterr().err


def test_help_names_every_flag(run):
    done = run("", "--help", "--", "--seed=3")
    assert done.code == 0
    assert all(f"  --{name}=" in done.out for name in launch.FLAGS)
    assert not list(pathlib.Path().glob("start-*"))


def test_it_does_not_load_tensorflow():
    code = (
        "import sys; from tfapp import launch; launch.main(['launch', '--workers=0']); "
        "sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_a_worker_is_the_command_line(tmp_path):
    """Started as `python -m tfapp`, in any folder, with the flags that follow --."""
    done = subprocess.run(
        [sys.executable, "-m", "tfapp.launch", "--workers=2", "--", "--version"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("tfapp ")
    assert "[worker 1] tfapp " in done.stderr


@pytest.mark.slow
@pytest.mark.skipif(
    "multi_worker" not in FLAGS["strategy"].choices, reason="--strategy=multi_worker is missing"
)
def test_two_workers_train_one_model(tmp_path):
    done = subprocess.run(
        [
            sys.executable, "-m", "tfapp.launch", "--workers=2", "--", "--model_dir=run",
            "--steps=40", "--export=none", "--xla=off", "--precision=float32",
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert (summary["status"], summary["steps"], summary["replicas"]) == ("done", 40, 2)
    assert "test" in done.stdout

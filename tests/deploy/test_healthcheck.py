"""The container's health check tells processes at work from idle ones, on made-up machines."""

import importlib.util
import os

import pytest

from tests.conftest import ROOT

TICKS = os.sysconf("SC_CLK_TCK")
OWN = os.getpid()


@pytest.fixture
def healthcheck(monkeypatch):
    """The module, whose own process uses no time."""
    found = importlib.util.spec_from_file_location("healthcheck", ROOT / "deploy/healthcheck.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    monkeypatch.setattr(module.time, "process_time", lambda: 0.0)
    return module


@pytest.fixture
def check(healthcheck, monkeypatch, tmp_path):
    """check(before, after): the exit code on a machine whose files change during the check."""

    def write(files):
        for name, text in files.items():
            path = tmp_path / name
            if text is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def run(before, after):
        write(before)
        monkeypatch.setattr(healthcheck, "ROOT", tmp_path)
        monkeypatch.setattr(healthcheck.time, "sleep", lambda seconds: write(after))
        return healthcheck.main()

    return run


def stat(seconds, *, children=0.0, start=77, name="python"):
    """A /proc/N/stat."""
    fields = ["0"] * 50
    fields[11], fields[12] = str(round(seconds * TICKS)), "0"
    fields[13], fields[14] = str(round(children * TICKS)), "0"
    fields[19] = str(start)
    return f"1 ({name}) {' '.join(fields)}"


def v2(seconds, path=""):
    """The files of a version 2 control group."""
    folder = f"sys/fs/cgroup{path}"
    usage = f"usage_usec {round(seconds * 1e6)}\nuser_usec 0\n"
    return {f"{folder}/cpu.stat": usage, f"{folder}/cgroup.type": "domain\n"}


def v1(seconds, mount="cpuacct"):
    return {f"sys/fs/cgroup/{mount}/cpuacct.usage": f"{round(seconds * 1e9)}\n"}


@pytest.mark.parametrize("used, code", [(0.0, 1), (0.04, 1), (0.06, 0), (9.0, 0)])
@pytest.mark.parametrize(
    "reading",
    [v2, v1, lambda seconds: v1(seconds, "cpu,cpuacct"), lambda s: {"proc/10/stat": stat(s)}],
    ids=["v2", "v1", "v1 with cpu", "processes"],
)
def test_health_is_processor_time(check, capsys, reading, used, code):
    assert check(reading(100.0), reading(100.0 + used)) == code
    assert "of one core" in capsys.readouterr().out


def test_a_process_that_ends_hides_nobody_elses_time(check):
    before = {"proc/10/stat": stat(100), "proc/11/stat": stat(900)}
    assert check(before, {"proc/10/stat": stat(102), "proc/11/stat": None}) == 0


def test_work_done_by_children_that_have_ended_counts(check):
    before = {"proc/10/stat": stat(1, children=5)}
    assert check(before, {"proc/10/stat": stat(1, children=7)}) == 0


def test_a_number_that_another_process_has_taken_over_counts_from_zero(check):
    before = {"proc/10/stat": stat(900, start=1)}
    assert check(before, {"proc/10/stat": stat(2, start=2)}) == 0


def test_names_of_processes_may_hold_anything(check):
    odd = "a) 1 (b\n"
    before = {"proc/10/stat": stat(1, name=odd)}
    assert check(before, {"proc/10/stat": stat(3, name=odd)}) == 0


def test_its_own_time_does_not_count(check, healthcheck, monkeypatch):
    own = f"proc/{OWN}/stat"
    assert check({own: stat(1)}, {own: stat(3)}) == 1
    times = iter([1.0, 1.0, 3.0])
    monkeypatch.setattr(healthcheck.time, "process_time", lambda: next(times))
    assert check(v2(10), v2(12)) == 1


def test_the_account_of_the_group_comes_before_processes(check):
    """It knows those that have ended, and those that nobody has waited for."""
    before = {"proc/10/stat": stat(5), **v2(100)}
    assert check(before, {"proc/10/stat": stat(5), **v2(103)}) == 0


def test_a_group_below_the_mount_comes_before_the_mount(check):
    """As in a container that sees the machine's groups, in which others are at work."""
    below = "/docker/0123"
    before = {"proc/self/cgroup": f"0::{below}\n", **v2(10, below), **v2(500)}
    assert check(before, {**v2(10, below), **v2(700)}) == 1


@pytest.mark.parametrize(
    "others",
    [
        lambda s: {"sys/fs/cgroup/cpu.stat": f"usage_usec {round(s * 1e6)}\n"},
        lambda s: {**v1(s), "sys/fs/cgroup/cpuacct/release_agent": ""},
    ],
    ids=["v2", "v1"],
)
def test_the_account_of_the_whole_machine_is_not_the_containers(check, others):
    before = {"proc/10/stat": stat(5), **others(100)}
    assert check(before, {"proc/10/stat": stat(5), **others(200)}) == 1


def test_damaged_and_empty_files_are_passed_over(check):
    broken = {"proc/self/cgroup": "", "sys/fs/cgroup/cpu.stat": "", "proc/12/stat": ""}
    assert check({**broken, "proc/10/stat": stat(1)}, {"proc/10/stat": stat(3)}) == 0

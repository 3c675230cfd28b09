"""How busy a machine is, from the kernel's counters on made-up machines."""

import os

import pytest

from tfapp.diagnosis import load
from tfapp.diagnosis.facts import Load, Neighbour

TICKS = os.sysconf("SC_CLK_TCK")
MIB = 1 << 20


@pytest.fixture
def watch(tmp_path):
    """watch(before, after, at_the_end): the `Load` of a machine whose files change."""
    root = tmp_path / "root"

    def write(files):
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def run(before, after=None, at_the_end=None, cores=(0, 1)):
        write(before)
        now = iter([10.0, 12.0])
        seen, result = load.watched(
            lambda: write(at_the_end or {}) or "the work's result", root=root, cores=cores,
            sleep=lambda seconds: write(after or {}), clock=lambda: next(now),
        )  # fmt: skip
        assert result == "the work's result"
        return seen

    return run


def stat(*cores):
    """/proc/stat from (seconds at work, idle, stolen) of each core."""
    lines = ["cpu  1 2 3 4 5 6 7 8 9 10"]
    for number, (work, idle, stolen) in enumerate(cores):
        ticks = [work, 0, 0, idle, 0, 0, 0, stolen, 0, 0]
        lines.append(f"cpu{number} {' '.join(str(round(t * TICKS)) for t in ticks)}")
    return {"proc/stat": "\n".join([*lines, "intr 5", ""])}


def process(pid, name, seconds, start=77):
    fields = ["0"] * 30
    fields[11], fields[12], fields[19] = str(round(seconds * TICKS)), "0", str(start)
    return {f"proc/{pid}/stat": f"{pid} ({name}) {' '.join(fields)}\n"}


def test_a_machine_that_shows_nothing(watch):
    assert watch({}) == Load(seconds=2.0)


def test_cores_in_use(watch):
    before, after = stat((1, 1, 0), (5, 5, 0), (0, 0, 0)), stat((3, 1, 0), (6, 6, 0), (2, 0, 0))
    assert watch(before, after).busy_cores == 1.5
    assert watch(before, after, cores=(2,)).busy_cores == 1.0


def test_the_busiest_neighbours_are_named(watch):
    own = process(os.getpid(), "own", 0)
    before = {
        **own,
        **process(10, "cc1plus", 5),
        **process(11, "a) (b", 1),
        **process(12, "idle", 9),
    }
    after = {
        **process(os.getpid(), "own", 2), **process(10, "cc1plus", 6), **process(11, "a) (b", 3),
        **process(13, "new", 2),
    }  # fmt: skip
    assert watch(before, after).neighbours == (
        Neighbour("a) (b", 11, 1.0),
        Neighbour("cc1plus", 10, 0.5),
    )


def test_a_number_that_another_process_has_taken_over_is_no_neighbour(watch):
    assert watch(process(10, "a", 1, start=1), process(10, "b", 9, start=2)).neighbours == ()


def test_what_the_hypervisor_takes_counts_while_work_is_done(watch):
    idle, busy = stat((0, 2, 0), (0, 2, 0)), stat((3, 2, 1), (3, 2, 1))
    assert watch(stat((0, 0, 0), (0, 0, 0)), idle, busy).steal == 0.25
    assert watch(idle, idle, idle).steal == 0.0


@pytest.mark.parametrize("name", ["cpu.stat", "cpu/cpu.stat", "cpu,cpuacct/cpu.stat"])
def test_a_limit_of_processor_time_counts_while_work_is_done(watch, name):
    def group(periods, throttled):
        text = f"usage_usec 7\nnr_periods {periods}\nnr_throttled {throttled}\nthrottled_usec 9\n"
        return {f"sys/fs/cgroup/{name}": text}

    assert watch(group(100, 90), group(110, 90), group(150, 120)).throttled == 0.75
    assert watch(group(100, 90)).throttled == 0.0


def test_memory(watch):
    pressure = "some avg10=23.50 avg60=1.00 avg300=0.00 total=7\nfull avg10=0.00 avg60=0.00\n"
    pages = 512 * MIB // os.sysconf("SC_PAGE_SIZE")
    seen = watch(
        {"proc/pressure/memory": pressure, "proc/vmstat": "pswpin 5\npswpout 7\nother 1\n",
         "proc/loadavg": "7.93 2.43 2.56 5/161 10466\n"},
        {"proc/vmstat": f"pswpin {5 + pages}\npswpout {7 + pages}\nother 9\n"},
    )  # fmt: skip
    assert (seen.memory_pressure, seen.swap_bytes, seen.average) == (0.235, 512 * MIB, 7.93)


def test_this_machine():
    seen, result = load.watched(lambda: 7, sleep=lambda seconds: None)
    assert result == 7
    assert seen.seconds > 0

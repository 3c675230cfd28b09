"""What the signals do during training and outside of it."""

import signal

import pytest

from tests.distribution.threads import run_workers
from tfapp.callbacks import signals as module
from tfapp.callbacks.signals import STOP_REASON, StopSignals, interrupting
from tfapp.callbacks.time_limit import TimeLimit
from tfapp.distribution.cluster import SingleProcess
from tfapp.training.moment import Moment

USR1, TERM, INT, ALRM = signal.SIGUSR1, signal.SIGTERM, signal.SIGINT, signal.SIGALRM


def moment(last=False):
    return Moment(step=5, total_steps=10, steps=1, seconds=0.1, sums={}, last=last)


@pytest.mark.parametrize("number", [USR1, TERM, INT])
def test_a_signal_stops_training_and_is_named(number):
    now, later = moment(), moment()
    with StopSignals(SingleProcess(), stop_signal="USR1") as signals:
        signals(now)
        signal.raise_signal(number)
        signals(later)
    assert (now.stop, later.stop) == ("", STOP_REASON)
    assert signals.name == number.name


def test_the_last_step_is_no_early_end():
    final = moment(last=True)
    with StopSignals(SingleProcess(), stop_signal="USR1") as signals:
        signal.raise_signal(USR1)
        signals(final)
    assert final.stop == ""


@pytest.mark.parametrize("first, second", [(TERM, TERM), (INT, INT), (TERM, INT), (INT, TERM)])
def test_a_second_interruption_ends_at_once(first, second):
    clock = iter([10.0, 13.0]).__next__
    caught = StopSignals(SingleProcess(), stop_signal="USR1", clock=clock)
    with caught, pytest.raises(KeyboardInterrupt):
        signal.raise_signal(first)
        signal.raise_signal(second)


def test_a_sigterm_that_comes_twice_at_once_is_one():
    """Slurm sends it to a task, and to the srun that passes it on."""
    with StopSignals(SingleProcess()) as signals:
        signal.raise_signal(TERM)
        signal.raise_signal(TERM)
    assert signals.name == "SIGTERM"


@pytest.mark.parametrize("numbers", [(USR1, USR1, TERM), (TERM, USR1), (USR1, TERM, USR1)])
def test_a_schedulers_signals_let_it_save(numbers):
    """Slurm sends --signal to a job, perhaps twice, and SIGTERM at the end of its time."""
    with StopSignals(SingleProcess(), stop_signal="USR1") as signals:
        for number in numbers:
            signal.raise_signal(number)
    assert signals.name == numbers[0].name


def test_handlers_are_put_back():
    numbers = (USR1, TERM, INT, ALRM)
    before = [signal.getsignal(number) for number in numbers]
    limit = TimeLimit("1h", state_bytes=0)
    with interrupting("USR1", "1h"):
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
        with StopSignals(SingleProcess(), stop_signal="USR1", limit=limit):
            assert not {signal.getsignal(number) for number in numbers} & set(before)
    assert [signal.getsignal(number) for number in numbers] == before
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_without_the_flags_no_other_signal_is_caught():
    before = signal.getsignal(USR1), signal.getsignal(ALRM)
    with interrupting("", ""), StopSignals(SingleProcess()):
        assert (signal.getsignal(USR1), signal.getsignal(ALRM)) == before


def test_outside_of_training_the_stop_signal_interrupts():
    with pytest.raises(KeyboardInterrupt, match=r"^SIGUSR2$"), interrupting("SIGUSR2", ""):
        signal.raise_signal(signal.SIGUSR2)


def test_outside_of_training_the_end_of_max_time_interrupts(monkeypatch):
    monkeypatch.setattr(module, "seconds_since_start", lambda: 3600.0)
    with pytest.raises(KeyboardInterrupt, match=r"^--max_time=1h$"), interrupting("", "1h"):
        signal.pause()


def test_in_a_loop_that_takes_too_long_the_end_of_max_time_is_kept_for_its_end(monkeypatch):
    monkeypatch.setattr(module, "seconds_since_start", lambda: 3600.0)
    limit = TimeLimit("1h", state_bytes=0, clock=lambda: 0.0)
    late = moment()
    with StopSignals(SingleProcess(), limit=limit) as signals:
        with interrupting("", "1h"):  # its handler is replaced below, as in training
            signal.signal(ALRM, signals._receive)
            signal.pause()
        signals(late)
    assert late.stop == STOP_REASON
    assert signals.name.startswith("--max_time=1h")


def test_a_worker_whose_time_is_over_stops_all():
    def work(cluster, limit):
        stops = [moment(), moment()]
        signals = StopSignals(cluster, limit=TimeLimit(limit, state_bytes=0))
        for each in stops:
            signals(each)
        return [each.stop for each in stops], signals.name

    chief, other = run_workers(lambda c: work(c, ""), lambda c: work(c, "0.001s"))
    assert chief[0] == other[0] == [STOP_REASON] * 2
    assert chief[1] == "another worker, which got a signal or whose --max_time is over"
    assert other[1].startswith("--max_time=0.001s")

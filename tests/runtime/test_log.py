"""The log of a Python program: shown once, unless the program has set up logging itself."""

import io
import logging

import pytest

from tfapp.runtime import log

LOG = logging.getLogger("tfapp")


@pytest.fixture(autouse=True)
def stderr(monkeypatch):
    """A process without any configuration of logging, and what it writes to stderr."""
    root, handlers = logging.getLogger(), list(logging.getLogger().handlers)
    root.handlers.clear()
    monkeypatch.setattr("sys.stderr", io.StringIO())
    LOG.setLevel(logging.NOTSET)
    import sys

    yield sys.stderr
    root.handlers[:] = handlers


def test_each_record_is_one_plain_line_however_often_it_is_shown(stderr):
    for _ in range(2):
        with log.shown():
            LOG.info("run: %s", "runs/digits-1")
            logging.getLogger("other").warning("also on the command line")
            logging.getLogger("other").info("not on the command line")
    lines = ["run: runs/digits-1", "also on the command line"]
    assert stderr.getvalue().splitlines() == 2 * lines


def test_logging_is_afterwards_as_it_was():
    with log.shown():
        pass
    assert not logging.getLogger().handlers
    assert not LOG.handlers
    assert LOG.level == logging.NOTSET
    assert not logging.getLogger("tensorflow").filters


def test_a_library_finds_no_reason_to_configure_logging(stderr):
    with log.shown():
        logging.info("absl calls basicConfig where the root has no handler")
        LOG.info("once")
    assert stderr.getvalue().splitlines() == ["once"]


@pytest.mark.parametrize("name", ["", "tfapp"])
def test_a_programs_own_handler_gets_the_records(stderr, name):
    own, logger = io.StringIO(), logging.getLogger(name)
    handler = logging.StreamHandler(own)
    logger.addHandler(handler)
    with log.shown():
        LOG.warning("seen")
        LOG.info("below the program's level")
    logger.removeHandler(handler)
    assert own.getvalue() == "seen\n"
    assert not stderr.getvalue()


def test_a_programs_own_level_is_kept(stderr):
    LOG.setLevel(logging.ERROR)
    with log.shown():
        LOG.warning("not wanted")
    assert not stderr.getvalue()


def test_tensorflows_advice_on_retracing_is_left_out(stderr):
    logger = logging.getLogger("tensorflow")
    with log.shown():
        logger.warning("5 out of the last 5 calls to f triggered tf.function retracing.")
    assert "retracing" not in stderr.getvalue()

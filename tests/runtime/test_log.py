"""The log of a Python program: shown once, unless the program has set up logging itself."""

import contextlib
import io
import logging

import pytest

from tfapp.runtime import log

LOG = logging.getLogger("tfapp")


@contextlib.contextmanager
def program():
    """Inside, a program that has not configured logging; gives what is on stderr."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), LOG.level
    root.handlers.clear()  # those of pytest
    LOG.setLevel(logging.NOTSET)
    with contextlib.redirect_stderr(io.StringIO()) as stderr:
        try:
            yield stderr
        finally:
            root.handlers[:] = handlers
            LOG.setLevel(level)


def test_each_record_is_one_plain_line_however_often_it_is_shown():
    with program() as stderr:
        for _ in range(2):
            with log.shown():
                LOG.info("run: %s", "runs/digits-1")
                logging.getLogger("other").warning("also on the command line")
                logging.getLogger("other").info("not on the command line")
    lines = ["run: runs/digits-1", "also on the command line"]
    assert stderr.getvalue().splitlines() == 2 * lines


def test_logging_is_afterwards_as_it_was():
    with program():
        with log.shown():
            pass
        assert not logging.getLogger().handlers
        assert not LOG.handlers
        assert LOG.level == logging.NOTSET
        assert not logging.getLogger("tensorflow").filters


def test_a_library_finds_no_reason_to_configure_logging():
    with program() as stderr:
        with log.shown():
            logging.info("this calls basicConfig where the root has no handler")
            LOG.info("once")
        assert not logging.getLogger().handlers
    assert stderr.getvalue().splitlines() == ["once"]


@pytest.mark.parametrize("name", ["", "tfapp"])
def test_a_programs_own_handler_gets_the_records(name):
    own, logger = io.StringIO(), logging.getLogger(name)
    handler = logging.StreamHandler(own)
    with program() as stderr:
        logger.addHandler(handler)
        with log.shown():
            LOG.warning("seen")
            LOG.info("below the program's level")
        logger.removeHandler(handler)
    assert own.getvalue() == "seen\n"
    assert not stderr.getvalue()


def test_a_programs_own_level_is_kept():
    with program() as stderr:
        LOG.setLevel(logging.ERROR)
        with log.shown():
            LOG.warning("not wanted")
            assert LOG.level == logging.ERROR
    assert not stderr.getvalue()


def test_tensorflows_advice_on_retracing_is_left_out():
    with program() as stderr, log.shown():
        logging.getLogger("tensorflow").warning("5 out of 5 calls triggered tf.function retracing.")
    assert "retracing" not in stderr.getvalue()

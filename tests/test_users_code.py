"""What is taken from errors of users' code: their own reason, and the place in their files."""

import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfapp.errors import DataError, UsageError
from tfapp.registry import load_object
from tfapp.users_code import place, reason, users_code

SOURCE = """
import numpy as np
import tensorflow as tf

def fails():
    raise ValueError("the reason")

def through_a_library():
    np.apply_along_axis(lambda row: fails(), 0, np.zeros((2, 2)))

def in_a_graph():
    def bad(i):
        raise IndexError(f"row {i} is bad")

    data = tf.data.Dataset.range(3).map(lambda i: tf.numpy_function(bad, [i], tf.int64))
    return list(data)
"""


def error_of(call):
    with pytest.raises(Exception) as caught:
        call()
    return caught.value


@pytest.fixture
def own():
    """own(name): a function of a user's own file."""
    pathlib.Path("mine.py").write_text(SOURCE)
    return lambda name: load_object("mine.py:" + name, "model")


@pytest.mark.parametrize("name", ["fails", "through_a_library"])
def test_the_place_is_the_innermost_in_a_users_file(own, name):
    assert reason(error_of(own(name))) == "ValueError: the reason (mine.py:6)"


def test_a_function_that_tensorflow_calls_has_its_own_reason(own):
    assert reason(error_of(own("in_a_graph"))) == "IndexError: row 0 is bad (mine.py:13)"


def test_tfapps_own_errors_and_a_libraries_have_no_place():
    assert not place(error_of(lambda: load_object("nowhere:Net", "model")).__cause__)


def test_what_is_around_the_reason_is_left_out():
    class Net(keras.Model):
        def call(self, x):
            raise KeyError("first\n\nsecond")

    text = reason(error_of(lambda: Net()(np.zeros((2, 3)))))
    assert text.startswith("KeyError: ")
    assert "second" in text
    assert "Exception encountered" not in text
    assert "Arguments received" not in text


def test_the_middle_of_a_long_reason_is_left_out():
    text = reason(ValueError("a" * 500 + "\n" + "the end"))
    assert len(text) < 330
    assert text.startswith("ValueError: aaa")
    assert text.endswith("aaa the end")


def test_lines_about_nodes_of_the_graph_are_left_out():
    text = reason(error_of(lambda: tf.matmul(tf.zeros((2, 3)), tf.zeros((2, 3)))))
    assert text.startswith("InvalidArgumentError: Matrix size-incompatible")
    assert "{{" not in text


def test_everything_becomes_an_error_of_tfapp_but_what_stops_it():
    for error in (ValueError("no"), SystemExit(3), RecursionError()):
        with pytest.raises(DataError, match=r"^here: "), users_code("here", DataError):
            raise error
    with pytest.raises(UsageError, match=r"^mine$"), users_code("here", DataError):
        raise UsageError("mine")
    with pytest.raises(KeyboardInterrupt), users_code("here"):
        raise KeyboardInterrupt

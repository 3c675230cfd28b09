"""Every name of a feature has an argument that TensorFlow takes as it is."""

import pytest
import tensorflow as tf

from tfapp.export.argument_names import argument_names


@pytest.mark.parametrize("name", ["size", "Size2", "a_b", "args", "name", "x" * 300, "input_1"])
def test_an_identifier_keeps_its_name(name):
    assert argument_names([name]) == {name: name}


def test_names_that_are_no_arguments_get_one():
    names = ["a b", "größe", "1stFlr", "self", "", "class", "_a", "a/b.c", "日本"]
    assert argument_names(names) == {
        "a b": "a_b",
        "größe": "gr__e",
        "1stFlr": "input_1stFlr",
        "self": "input_self",
        "": "input",
        "class": "input_class",
        "_a": "a",
        "a/b.c": "a_b_c",
        "日本": "input_1",
    }


def test_arguments_differ_in_more_than_case_and_identifiers_come_first():
    assert argument_names(["a b", "a_b", "A_B", "a-b"]) == {
        "a b": "a_b_2",
        "a_b": "a_b",
        "A_B": "A_B_1",
        "a-b": "a_b_3",
    }


def test_tensorflow_renames_none_of_them():
    names = ["a b", "a_b", "A_B", "größe", "1stFlr", "self", "", "None", "_", "a.b", "kwargs"]
    arguments = argument_names(names)
    specs = {a: tf.TensorSpec([None], tf.float32, name=a) for a in arguments.values()}
    total = tf.function(lambda **kwargs: {"sum": tf.add_n(list(kwargs.values()))})
    root = tf.Module()
    tf.saved_model.save(root, "model", signatures=total.get_concrete_function(**specs))
    served = tf.saved_model.load("model").signatures["serving_default"]
    assert set(served.structured_input_signature[1]) == set(arguments.values())
    answer = served(**{a: tf.constant([1.0]) for a in arguments.values()})
    assert answer["sum"].numpy() == [len(names)]

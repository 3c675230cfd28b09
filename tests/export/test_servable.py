"""The three functions of a servable, each alone, and what they make together."""

import numpy as np
import tensorflow as tf

from tests.export.models import Counting, weights_of

ROWS = {"size": np.array([60.0, np.nan], "f4"), "town": np.array(["Zug", "Paris"], object)}


def equal(answers, expected):
    assert set(answers) == set(expected)
    for name, value in expected.items():
        if value.dtype == tf.string:
            assert np.array_equal(answers[name], value), name
        else:
            np.testing.assert_allclose(answers[name], value, rtol=1e-5, err_msg=name)


def test_preprocessing_alone_gives_numbers(make_table_servable):
    inputs = make_table_servable().preprocess(ROWS)
    assert inputs["size"].numpy().tolist() == [1.0, 0.0]
    assert inputs["town"].numpy().tolist() == [2, 0]


def test_the_core_alone_is_the_model_without_a_string(make_table_servable):
    servable = make_table_servable()
    inputs = {"size": tf.constant([1.0, 0.0]), "town": tf.constant([2, 0])}
    core = tf.function(servable.core, autograph=False)
    core = core.get_concrete_function(servable.input_specs)
    assert core(inputs).shape == (2, 3)
    np.testing.assert_allclose(core(inputs), servable.core(inputs), rtol=1e-5)
    assert tf.string not in {t.dtype for op in core.graph.get_operations() for t in op.outputs}


def test_answers_alone(make_table_servable):
    answers = make_table_servable().answers(tf.constant([[0.0, 0.0, np.log(2)]]), None)
    np.testing.assert_allclose(answers["probabilities"], [[0.25, 0.25, 0.5]], rtol=1e-6)
    assert answers["class_name"].numpy().tolist() == [b"high"]


def test_serving_is_the_three_together(make_table_servable, make_image_servable, images):
    for servable, features in ((make_table_servable(), ROWS), (make_image_servable(), images)):
        inputs = servable.preprocess(features)
        equal(servable.serve(features), servable.answers(servable.core(inputs), inputs))


def test_what_the_core_takes_is_what_preprocessing_gives(make_table_servable, make_image_servable):
    for servable in (make_table_servable("größe", "a b"), make_image_servable()):
        made = tf.function(servable.preprocess, autograph=False)
        made = made.get_concrete_function(servable.feature_specs).structured_outputs
        for spec, given in zip(
            tf.nest.flatten(servable.input_specs), tf.nest.flatten(made), strict=True
        ):
            assert (spec.shape.as_list(), spec.dtype) == (given.shape.as_list(), given.dtype)
            assert spec.name in servable.argument_names.values()


def test_new_weights_change_the_answers_and_nothing_is_traced_again(make_image_servable, images):
    model = Counting()
    servable = make_image_servable(model)
    before = servable.serve(images)["probabilities"].numpy()
    calls = model.calls
    servable.assign(weights_of(model, change=0.1))
    after = servable.serve({"image": images["image"][:2]})["probabilities"]
    assert not np.allclose(after, before[:2])
    servable.assign(weights_of(model))
    assert np.allclose(servable.serve(images)["probabilities"], before)
    assert model.calls == calls


def test_it_holds_its_own_copy_of_the_weights(make_image_servable, images):
    model = Counting()
    servable = make_image_servable(model)
    before = servable.serve(images)["probabilities"].numpy()
    for variable in model.trainable_variables:
        variable.assign(variable + 1.0 * tf.range(3, dtype=tf.float32))
    assert np.array_equal(servable.serve(images)["probabilities"], before)


def test_released_weights_take_no_memory_and_are_assigned_again(make_image_servable, images):
    servable = make_image_servable()
    expected = servable.serve(images)
    weights = ([tf.identity(v) for v in servable.trainable_weights],
               [tf.identity(v) for v in servable.other_weights])  # fmt: skip
    servable.release()
    variables = (*servable.trainable_weights, *servable.other_weights)
    assert all(v.read_value().numpy().nbytes == 0 for v in variables)
    servable.assign(weights)
    equal(servable.serve(images), expected)

"""What words in names of files, folders and arrays mean: splits, and the label."""

import pytest

from tfapp.data.splits import label_names, split_names
from tfapp.data.splits.split_names import SPLITS, TEST, TRAIN, VALIDATION

WORDS = {
    TRAIN: ("train", "training", "Train"),
    VALIDATION: ("validation", "valid", "val", "dev", "eval", "VAL"),
    TEST: ("test", "testing"),
}


@pytest.mark.parametrize("split, word", [(s, w) for s, words in WORDS.items() for w in words])
def test_every_form_of_a_name_knows_every_word(split, word):
    assert split_names.of_word(word) == split
    assert split_names.in_file_name(f"pets-{word}.tfrecord-00001-of-00002") == (split,)
    assert split_names.of_array_name(f"{word.lower()}_x") == (split, "x")
    assert split_names.of_array_name(f"x_{word.lower()}") == (split, "x")


@pytest.mark.parametrize("split", SPLITS)
def test_a_splits_own_name_is_a_word_for_it(split):
    assert split_names.of_word(split) == split


def test_other_words_mean_no_split():
    assert split_names.of_word("trains") is None
    assert split_names.in_file_name("contest-latest.csv") == ()
    assert split_names.of_array_name("training_rate_x") == (TRAIN, "rate_x")
    assert split_names.of_array_name("trains_x") == (None, "trains_x")
    assert split_names.of_array_name("test") == (None, "test")


def test_a_file_name_with_several_words_keeps_their_order():
    assert split_names.in_file_name("test_of_training_and_test.csv") == (TEST, TRAIN)


def test_label_candidates_come_with_the_most_usual_first():
    assert label_names.candidates(["y", "x", "Target", "label"]) == ["label", "Target", "y"]
    assert label_names.candidates(["labelled", "classes"]) == []

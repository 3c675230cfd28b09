"""The names of the splits, and the words that files, folders, arrays and TFDS use for them."""

import re

TRAIN, VALIDATION, TEST = "train", "validation", "test"
SPLITS = (TRAIN, VALIDATION, TEST)
_WORDS = {
    **dict.fromkeys(("train", "training"), TRAIN),
    **dict.fromkeys(("validation", "valid", "val", "dev", "eval"), VALIDATION),
    **dict.fromkeys(("test", "testing"), TEST),
}
_ANY = "|".join(sorted(_WORDS, key=len, reverse=True))
_PREFIX = re.compile(rf"(?P<split>{_ANY})_(?P<name>.+)")
_SUFFIX = re.compile(rf"(?P<name>.+)_(?P<split>{_ANY})")


def of_word(word):
    """The split that a whole word stands for, such as "val", in upper or lower case; else None."""
    return _WORDS.get(word.lower())


def in_file_name(name):
    """The splits that the words of a file's or folder's name stand for, each once, in their order.

    Words are separated by anything but letters: "adult_test-00001.csv" gives ("test",).
    """
    words = re.split(r"[^a-z]+", name.lower())
    return tuple(dict.fromkeys(_WORDS[word] for word in words if word in _WORDS))


def of_array_name(key):
    """(split, name) of an array called "train_images" or "images_train"; the split may be None."""
    match = _PREFIX.fullmatch(key) or _SUFFIX.fullmatch(key)
    return (_WORDS[match["split"]], match["name"]) if match else (None, key)

"""The digits data set as a TFDS builder: 1,797 real handwritten digits that ship with tfapp.

"Optical Recognition of Handwritten Digits", E. Alpaydin and C. Kaynak, 1998, UCI Machine Learning
Repository, https://doi.org/10.24432/C50P49, licensed CC BY 4.0
(https://creativecommons.org/licenses/by/4.0/). digits.npz holds the test set of that collection
(13 writers) as scikit-learn distributes it, the pixel counts 0 to 16 stored as uint8; the values
are unchanged. Every fifth example is in the test split, so a writer may occur in both splits.
"""

import pathlib

import numpy as np
import tensorflow_datasets as tfds

_FILE = pathlib.Path(__file__).with_name("digits.npz")
_TEST_EVERY = 5


class Digits(tfds.core.GeneratorBasedBuilder):
    """8x8 images of the ten digits, pixel values 0 to 16."""

    VERSION = tfds.core.Version("1.0.0")
    pkg_dir_path = _FILE.parent

    def _info(self):
        return tfds.core.DatasetInfo(
            builder=self,
            description="8x8 images of handwritten digits (UCI), pixel values 0 to 16.",
            homepage="https://doi.org/10.24432/C50P49",
            license="CC BY 4.0",
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Tensor(shape=(8, 8, 1), dtype=np.uint8),
                    "label": tfds.features.ClassLabel(num_classes=10),
                }
            ),
            supervised_keys=("image", "label"),
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager):
        del dl_manager  # nothing to download
        return {"train": self._examples(test=False), "test": self._examples(test=True)}

    def _generate_examples(self, **kwargs):
        return self._examples(**kwargs)

    def _examples(self, test):
        with np.load(_FILE, allow_pickle=False) as arrays:
            images, labels = arrays["image"], arrays["label"]
        for i, (image, label) in enumerate(zip(images, labels, strict=True)):
            if (i % _TEST_EVERY == _TEST_EVERY - 1) == test:
                yield i, {"image": image, "label": int(label)}

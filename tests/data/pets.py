"""A TFDS data set of images of varying sizes, as a user's own builder."""

import tensorflow_datasets as tfds

from tests.image_files import picture


class Pets(tfds.core.GeneratorBasedBuilder):
    """Images of varying sizes."""

    VERSION = tfds.core.Version("1.0.0")
    pkg_dir_path = "."

    def _info(self):
        features = {
            "image": tfds.features.Image(),
            "label": tfds.features.ClassLabel(names=["a", "b"]),
        }
        return tfds.core.DatasetInfo(
            builder=self,
            description="pets",
            features=tfds.features.FeaturesDict(features),
            supervised_keys=("image", "label"),
        )

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples()}

    def _generate_examples(self):
        for i in range(30):
            yield i, {"image": picture(i, 10 + i, 20), "label": i % 2}

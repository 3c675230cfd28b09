"""LiteRT and ONNX Runtime answer as the model does, or the export is refused."""

import numpy as np
import pytest

from tests.export.models import Counting, weights_of
from tfapp.errors import TfappError
from tfapp.export import EXPORTERS

ROWS = {"size": np.array([60.0, 10.0, np.nan], "f4"), "town": np.array(["Zug", "Paris", ""], "O")}


@pytest.fixture(params=["litert", "onnx"])
def exporter(request):
    return EXPORTERS.get(request.param)()


def test_a_table_with_a_category_is_answered_from_its_ids(exporter, make_table_servable, tmp_path):
    servable = make_table_servable("a b", "town")
    exporter.write(servable, tmp_path)
    exporter.verify(servable, tmp_path, {"a b": ROWS["size"], "town": ROWS["town"]})


def test_images_are_answered_from_their_pixels(exporter, make_image_servable, images, tmp_path):
    servable = make_image_servable()
    exporter.write(servable, tmp_path)
    exporter.verify(servable, tmp_path, images)


def test_other_weights_are_noticed(exporter, make_image_servable, images, tmp_path):
    model = Counting()
    servable = make_image_servable(model)
    exporter.write(servable, tmp_path)
    servable.assign(weights_of(model, change=0.01))
    with pytest.raises(TfappError, match="answers another outputs than the trained one"):
        exporter.verify(servable, tmp_path, images)

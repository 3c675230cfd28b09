"""LiteRT and ONNX Runtime answer as the model does, or the export is refused."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.export.models import Counting, weights_of
from tfapp.data.preprocessing import Preprocessing
from tfapp.data.preprocessing.standardize import Standardize
from tfapp.errors import TfappError, UsageError
from tfapp.export import EXPORTERS
from tfapp.export.litert import DynamicLiteRTExporter, Int8LiteRTExporter, LiteRTExporter
from tfapp.export.servable import Servable
from tfapp.export.signatures import OUTPUTS
from tfapp.spec import DataSpec, FeatureSpec, LabelSpec
from tfapp.tasks.classification import Classification

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


class Steep(keras.Model):
    """Makes much of small differences between values near 1/3; `off` is added to its outputs."""

    def __init__(self, slope):
        super().__init__()
        self.slope = slope

    def build(self, shape):
        self.off = self.add_weight(name="off", shape=(3,), initializer="zeros")

    def call(self, x):
        return (x[:, None] - np.float32(1 / 3)) * self.slope + self.off


class OtherRounding(LiteRTExporter):
    """Of a runtime whose division rounds up."""

    def load(self, folder):
        run = super().load(folder)
        return lambda arguments: run({k: np.nextafter(v, np.inf) for k, v in arguments.items()})


@pytest.mark.parametrize(
    "slope, off, refused", [(1000, 0, False), (1000, 0.005, True), (1e5, 0, True)]
)
def test_a_steep_model_may_differ_by_its_rounding(slope, off, refused, tmp_path, caplog):
    caplog.set_level("INFO", "tfapp")
    model = Steep(slope)
    servable = _of_one_number(model)
    exporter = OtherRounding()
    exporter.write(servable, tmp_path)
    rows = {"x": np.array([1.0, 0.9, 1.1], "f4")}
    servable.assign([[np.full(3, off, "f4")], []])
    if refused:
        with pytest.raises(TfappError, match="answers another outputs than the trained one"):
            exporter.verify(servable, tmp_path, rows)
    else:
        exporter.verify(servable, tmp_path, rows)
        assert "the last bit of a number among the inputs changes them by" in caplog.text


class StepBesideAProduct(keras.Model):
    """A column is a factor of a product, and has a steep step."""

    def __init__(self):
        super().__init__()
        self.product = keras.layers.Dense(3, kernel_initializer="ones")

    def call(self, x):
        column = tf.stack([x, tf.square(x)], axis=-1)[:, :1]
        step = tf.clip_by_value((column - np.float32(0.5)) * 100.0, 0.0, 1.0)
        return 0.1 * self.product(column) + step


def test_rounded_factors_leave_the_numbers_alone_that_they_are_made_of(tmp_path):
    calibration = {"x": np.linspace(-9, 9, 64, dtype="f4")}
    servable = _of_one_number(StepBesideAProduct(), draw_calibration=lambda: calibration)
    exporter = Int8LiteRTExporter()
    exporter.write(servable, tmp_path)
    rows = {"x": 3 * np.array([0.502, 0.504, 0.506, 0.508], "f4")}
    outputs = exporter.load(tmp_path)(rows)[OUTPUTS]
    assert outputs == pytest.approx(servable.numeric(servable.encode(rows)).numpy(), abs=0.05)


def _of_one_number(model, **more):
    preprocess = Preprocessing({"x": Standardize(np.float32(0), np.float32(1 / 3))})
    model(preprocess({"x": np.ones(2, "f4")}))
    label = LabelSpec("y", "class", 3, ("a", "b", "c"))
    return Servable(
        model=model,
        weights=weights_of(model),
        preprocess=preprocess,
        task=Classification(label),
        spec=DataSpec("made", (FeatureSpec("x", "numeric", (), "float32"),), label),
        **more,
    )


LOSSY = ("litert_float16", "litert_dynamic", "litert_int8")


@pytest.mark.parametrize("name", LOSSY)
def test_a_lossy_format_of_a_table_keeps_missing_numbers_apart(name, make_table_servable, tmp_path):
    servable = make_table_servable("a b", "town")
    exporter = EXPORTERS.get(name)()
    rows = {"a b": ROWS["size"], "town": ROWS["town"]}
    exporter.write(servable, tmp_path)
    exporter.verify(servable, tmp_path, rows)
    encoded = servable.encode(rows)
    arguments = {servable.argument_names[n]: np.asarray(v) for n, v in encoded.items()}
    outputs = exporter.load(tmp_path)(arguments)[OUTPUTS]
    assert outputs.dtype == np.float32
    assert np.isfinite(outputs).all()


class Wide(Counting):
    """Has weights enough for the file to be mostly weights."""

    def __init__(self):
        super().__init__()
        self.hidden = [keras.layers.Dense(300, activation="relu") for _ in range(2)]

    def call(self, inputs):
        first, second = self.hidden
        return self.head(second(first(self.flatten(inputs))))


def test_a_lossy_format_of_images_is_smaller(make_image_servable, images, tmp_path):
    servable = make_image_servable(Wide())
    sizes = {}
    for name in ("litert", *LOSSY):
        exporter, folder = EXPORTERS.get(name)(), tmp_path / name
        folder.mkdir()
        exporter.write(servable, folder)
        exporter.verify(servable, folder, images)
        sizes[name] = (folder / "model.tflite").stat().st_size / sizes.get("litert", 1)
    assert 0.4 < sizes["litert_float16"] < 0.6
    assert sizes["litert_dynamic"] < 0.3
    assert sizes["litert_int8"] < 0.3


def test_other_weights_are_noticed_in_a_lossy_format(make_image_servable, images, tmp_path):
    servable = make_image_servable(Counting())
    exporter = DynamicLiteRTExporter()
    exporter.write(servable, tmp_path)
    other = Counting()
    other(servable.preprocess(images))
    servable.assign(weights_of(other, change=1.0))
    with pytest.raises(
        TfappError, match=r"outputs of litert_dynamic are off by .* more than 0\.1;"
    ):
        exporter.verify(servable, tmp_path, images)


class Bits(Counting):
    """Uses an operation that LiteRT does not have."""

    def call(self, inputs):
        bits = tf.bitwise.bitwise_and(tf.cast(inputs, tf.int64), 3)
        return super().call(tf.cast(bits, tf.float32))


def test_what_litert_does_not_have_is_named_without_the_converters_pages(
    make_image_servable, tmp_path, capfd
):
    with pytest.raises(UsageError, match=r"LiteRT does not have tf.BitwiseAnd of i64$"):
        LiteRTExporter().write(make_image_servable(Bits()), tmp_path)
    assert capfd.readouterr().err == ""


def test_a_format_that_is_calibrated_says_so():
    assert Int8LiteRTExporter.calibrates
    assert not DynamicLiteRTExporter.calibrates


class Gelu(Counting):
    """Keras's exact gelu is 1 - erf(x), which ONNX has no operation for."""

    def call(self, inputs):
        return self.head(keras.activations.gelu(self.flatten(inputs)))


def test_gelu_is_answered_alike(exporter, make_image_servable, images, tmp_path):
    servable = make_image_servable(Gelu())
    exporter.write(servable, tmp_path)
    exporter.verify(servable, tmp_path, images)

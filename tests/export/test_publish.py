"""--export: names checked early, tried before training, verified before anything is visible."""

import pathlib
import tempfile

import numpy as np
import pytest

from tests.export.models import Counting, FixedBatch, Untracked, weights_of
from tests.export.toy_exporter import ToyExporter
from tfapp import export
from tfapp.errors import StorageError, TfappError, UsageError
from tfapp.export import check_names
from tfapp.export.publish import export_all, try_export
from tfapp.export.served_model import ServedModel
from tfapp.registry import Registry

TOY = "tests.export.toy_exporter:ToyExporter"


@pytest.mark.parametrize("names", [("savedmodel",), ("none",), (), ("savedmodel", TOY)])
def test_names_that_are_known(names):
    check_names(names)


@pytest.mark.parametrize(
    "names, message",
    [
        (("savedmodle",), "--export=savedmodle: unknown; did you mean 'savedmodel'?"),
        (("none", "savedmodel"), "--export=none,savedmodel: none excludes every other format"),
        (("nowhere:X",), "--export=nowhere:X: importing 'nowhere' failed"),
        (("tests.export.toy_exporter:Toy",), "has no 'Toy'"),
        (("tests.export.models:Counting",), "is no subclass of tfapp.export.exporter.Exporter"),
        (("tests.export.toy_exporter:np",), "is no subclass of"),
        (("tests.export.toy_exporter:Abstract",), "Abstract lacks name, verify, write"),
    ],
)
def test_names_that_are_not(names, message):
    with pytest.raises(UsageError) as caught:
        check_names(names)
    assert message in str(caught.value)


def test_packages_that_are_missing_are_named_before_anything_is_opened(monkeypatch):
    monkeypatch.setitem(export.PACKAGES, "onnx", ("tf2onnx", "no_such_package"))
    check_names(("litert",))
    with pytest.raises(UsageError, match=r"--export=onnx: onnx .*: pip install no-such-package$"):
        check_names(("onnx",))


def test_every_format_has_versions_in_a_place_of_its_own(make_image_servable, images, monkeypatch):
    monkeypatch.setattr(export, "EXPORTERS", Registry("export", {
        "savedmodel": "tfapp.export.savedmodel:SavedModelExporter",
    }))  # fmt: skip
    export.EXPORTERS.register("toy", ToyExporter)
    servable, folder = make_image_servable(), pathlib.Path("run", "export")
    for version in ("1", "2"):
        assert export_all(("savedmodel", "toy"), servable, folder, images) == {
            "savedmodel": folder / version,
            "toy": folder / "toy" / version,
        }
    assert sorted(p.name for p in folder.iterdir()) == ["1", "2", "toy"]
    assert (folder / "1" / "saved_model.pb").is_file()
    assert (folder / "toy" / "2" / "weights.npz").is_file()


def test_none_exports_nothing(make_image_servable, images):
    try_export(("none",), make_image_servable(), images)
    assert export_all(("none",), make_image_servable(), "export", images) == {}
    assert not pathlib.Path("export").exists()


def test_a_wrong_export_is_never_visible(make_image_servable, images, monkeypatch):
    model = Counting()
    servable = make_image_servable(model)
    write = ToyExporter.write

    def write_others(exporter, servable, folder):
        write(exporter, servable, folder)
        servable.assign(weights_of(model, change=1.0))

    monkeypatch.setattr(ToyExporter, "write", write_others)
    with pytest.raises(TfappError, match=r"answers another \w+ than the trained one; nothing was"):
        export_all((TOY,), servable, "export", images)
    assert list(pathlib.Path("export", "toy").iterdir()) == []


def test_a_full_disk_is_reported_and_leaves_nothing(make_image_servable, images):
    name = "tests.export.toy_exporter:UnwritableExporter"
    with pytest.raises(StorageError, match=r"export could not be written: .*No space left"):
        export_all((name,), make_image_servable(), "export", images)
    assert list(pathlib.Path("export", "toy").iterdir()) == []


def test_the_trial_leaves_nothing_and_what_it_traced_serves_the_export(
    make_image_servable, images, monkeypatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(pathlib.Path.cwd()))
    model = Counting()
    servable = make_image_servable(model)
    try_export(("savedmodel", TOY), servable, images)
    assert list(pathlib.Path.cwd().iterdir()) == []
    calls = model.calls
    servable.assign(weights_of(model, change=0.1))
    path = export_all(("savedmodel",), servable, "export", images)["savedmodel"]
    assert model.calls == calls
    served = ServedModel(path).answer(images)["probabilities"]
    np.testing.assert_allclose(served, servable.serve(images)["probabilities"], rtol=1e-5)


@pytest.mark.parametrize(
    "make, reason",
    [
        (Untracked, "Untracked cannot be exported: it uses <tf.Variable 'hidden_factor:0'"),
        (
            FixedBatch,
            "FixedBatch cannot be exported: ValueError: some context the batch has no",
        ),
    ],
)
def test_the_trial_names_the_reason_of_a_model_that_cannot_be_exported(
    make_image_servable, images, make, reason
):
    with pytest.raises(UsageError) as caught:
        try_export(("savedmodel",), make_image_servable(make()), images)
    assert str(caught.value).startswith("--export=savedmodel: the model ")
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_trial_names_the_answer_that_differs(make_image_servable, images, monkeypatch):
    monkeypatch.setattr(ToyExporter, "write", lambda exporter, servable, folder: np.savez(
        folder / "weights.npz", kernel=np.zeros((24, 3)), bias=[0, 0, 1]
    ))  # fmt: skip
    with pytest.raises(UsageError, match=r"the exported model answers another \w+"):
        try_export((TOY,), make_image_servable(), images)


def test_a_trial_without_a_place_for_temporary_files(make_image_servable, images, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", "nowhere")
    with pytest.raises(StorageError, match="could not be tried in a temporary folder"):
        try_export(("savedmodel",), make_image_servable(), images)

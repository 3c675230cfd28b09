"""What a fingerprint notices of data that changed: counts, columns, files; and what it does not."""

import json
import os

import numpy as np
import pytest

from tests.data.opening import open_all
from tests.image_files import jpeg, picture
from tfapp.data import fingerprint as fingerprints
from tfapp.errors import DataError

ROWS = 60


def save_csv(folder, rows=ROWS, changed=None, end="\n"):
    lines = ["age,town,label"]
    for i in range(rows):
        town = "elsewhere" if i == changed else "abc"[i % 3] * 2
        lines.append(f"{i * 1.5},{town},{i % 2}")
    (folder / "t.csv").write_text(end.join(lines))
    return f"csv:{folder}/t.csv"


def save_npz(folder, rows=ROWS, changed=None):
    x = np.arange(rows * 2, dtype=np.float32).reshape(rows, 2)
    if changed is not None:
        x[changed] = -1
    np.savez(folder / "t.npz", x=x, y=np.arange(rows) % 3)
    return f"npz:{folder}/t.npz"


def save_text(folder, rows=ROWS, changed=None):
    words = [f"word {i % 7} " * 20 for i in range(rows)]
    if changed is not None:
        words[changed] = "other" + words[changed][5:]
    (folder / "t.txt").write_text("".join(words))
    return f"text:{folder}/t.txt"


def save_images(folder, rows=ROWS, changed=None):
    for i in range(rows):
        path = folder / "images" / "ab"[i % 2] / f"{i:03}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpeg(picture(1000 if i == changed else i, 8, 8)))
    return f"folder:{folder}/images"


@pytest.fixture(params=[save_csv, save_npz, save_text, save_images])
def save(request):
    return request.param


def describe(dataset):
    value = fingerprints.fingerprint(dataset, open_all(dataset))
    return json.loads(json.dumps(value))  # as a run's folder keeps it


def changes(before, now):
    return [
        *fingerprints.schema_changes(before, now),
        *fingerprints.content_changes(before, now),
    ]


def test_the_same_data_has_the_same_fingerprint(save, tmp_path):
    before = describe(save(tmp_path))
    assert describe(save(tmp_path))["splits"] == before["splits"]
    assert changes(before, describe(save(tmp_path))) == []


def test_copies_that_were_written_at_other_times_are_the_same(save, tmp_path):
    dataset = save(tmp_path)
    here = fingerprints.without_times(describe(dataset))
    for path in tmp_path.rglob("*"):
        os.utime(path, (10**9, 10**9))
    assert fingerprints.without_times(describe(dataset)) == here


def test_more_examples_are_noticed(save, tmp_path):
    before = describe(save(tmp_path))
    now = describe(save(tmp_path, rows=2 * ROWS))
    found = changes(before, now)
    counts = [part["splits"]["train"]["examples"] for part in (before, now)]
    assert found[0].endswith("examples, has {:,}".format(now["splits"]["test"]["examples"])) or (
        f"train had {counts[0]:,} examples, has {counts[1]:,}" in found
    )
    assert f"train had {counts[0]:,} examples, has {counts[1]:,}" in found


def test_one_other_value_is_noticed(save, tmp_path):
    before = describe(save(tmp_path))
    assert changes(before, describe(save(tmp_path, changed=7)))


def test_the_column_and_the_file_are_named(tmp_path):
    before = describe(save_csv(tmp_path))
    size = os.path.getsize(tmp_path / "t.csv")
    found = changes(before, describe(save_csv(tmp_path, changed=7)))
    (column,) = [text for text in found if "'town'" in text]
    assert column in {f"'town' of {split} changed" for split in ("train", "validation", "test")}
    assert f"t.csv had {size:,} bytes, has {size + 7:,}" in found


def test_another_form_of_the_same_values_is_no_change(tmp_path):
    before = describe(save_csv(tmp_path))
    os.utime(tmp_path / "t.csv", (1, 1))
    assert changes(before, describe(save_csv(tmp_path, end="\r\n"))) == []


def test_a_large_table_is_told_by_the_sizes_of_its_files(tmp_path, monkeypatch):
    monkeypatch.setattr(fingerprints, "_WHOLE_BYTES", 100)
    monkeypatch.setattr(fingerprints, "_ROWS", 2)
    before = describe(save_csv(tmp_path))
    assert changes(before, describe(save_csv(tmp_path))) == []
    found = changes(before, describe(save_csv(tmp_path, changed=7)))
    assert any(text.startswith("t.csv had ") for text in found)


def test_other_features_and_labels_are_named(tmp_path):
    def saved(header, row):
        rows = "\n".join(row(i) for i in range(ROWS))
        (tmp_path / "t.csv").write_text(f"{header}\n{rows}")
        return describe(f"csv:{tmp_path}/t.csv")

    before = saved("age,town,label", lambda i: f"{i * 1.5},{'ab'[i % 2]},{i % 2}")
    gone = saved("age,label", lambda i: f"{i * 1.5},{i % 2}")
    assert fingerprints.schema_changes(before, gone) == ["the feature 'town' is gone"]
    kind = saved("age,town,label", lambda i: f"{'cd'[i % 2]},{'ab'[i % 2]},{i % 2}")
    (found,) = fingerprints.schema_changes(before, kind)
    assert found.startswith("'age' was numeric float32[], is category")
    classes = saved("age,town,label", lambda i: f"{i * 1.5},{'ab'[i % 2]},{i % 3}")
    assert fingerprints.schema_changes(before, classes) == ["the label had 2 classes, has 3"]


@pytest.mark.parametrize(
    "value",
    [[], {}, 3, "x", {"features": []}, {"features": {}, "label": {}},
     {"features": {"age": 1}, "label": {"name": 1}, "splits": [], "files": {}}],
)  # fmt: skip
def test_what_is_no_fingerprint_is_refused(tmp_path, value):
    now = describe(save_csv(tmp_path))
    with pytest.raises(DataError, match="is damaged"):
        changes(value, now)

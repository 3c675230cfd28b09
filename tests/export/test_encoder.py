"""encoder.py, next to a model: what `Servable.encode` gives, from Python and NumPy alone."""

import json
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import ROOT
from tfapp.data.preprocessing import Preprocessing
from tfapp.data.preprocessing.categories import Categories, Hashed
from tfapp.data.preprocessing.codes import Codes
from tfapp.data.preprocessing.dates import Dates
from tfapp.data.preprocessing.robust import Robust
from tfapp.data.preprocessing.tokens import Tokens
from tfapp.experiment.servables import make_servable
from tfapp.export.encoder import _fitted, write_encoder
from tfapp.export.litert import LiteRTExporter
from tfapp.export.servable import Servable
from tfapp.export.standalone.encoder import Encoder
from tfapp.export.standalone.fingerprint import fingerprint
from tfapp.export.standalone.texts import ids_of_pieces, token_ids
from tfapp.models.tabular import Tabular
from tfapp.spec import DataSpec, FeatureSpec, LabelSpec
from tfapp.tasks.classification import Classification

LABEL = LabelSpec("y", "class", 2, ("no", "yes"))
TRANSFORMS = {
    "a b": Robust(3.0, 0.5, True, (), (-999.0,)),
    "zip": Codes((8000.0, 8001.0, 9000.5), True),
    "town": Categories(("Bern", "Genève", "Zug"), 2),
    "street": Hashed(50, ("Bahnhofstrasse",)),
    "born": Dates(0.0, 1.0, "dmy", True),
    "seen": Dates(0.0, 1.0),
}
KINDS = {"a b": "numeric", "zip": "code", "town": "category", "street": "category"}
DATES = [
    "2012-01-31", "31.01.2012", "01/31/2012", "31 Jan 2012", "Tue, 31st of January, 2012 10:30",
    "2012-02-30", "29.2.1900", "29.2.2000", "20120131T103000Z", "2012-01-31T23:30:15.5+0530",
    "1.2.68", "1.2.69", "Jan-12", "2012Q3", "10:30:15 PM", "12:00 am", "24:00", "0000-01-01",
    "2012-01-31 00:10 -03", "  2012/1/31 ", "2012-13-01", "|2012|1|5|||||",
    "\u017fep 2012", "", "x", "1.1.2012\n", "\u0661.\u0661.2012", "31 mayonnaise 2012",
    "10:30:60.999", "10:30:61", "Feb 2012 (CET)",
]  # fmt: skip


@pytest.fixture(scope="module")
def servable():
    features = tuple(
        FeatureSpec(n, KINDS.get(n, "date"), (), "float32" if n in ("a b", "zip") else "string")
        for n in TRANSFORMS
    )
    return _servable(TRANSFORMS, features)


def _servable(transforms, features, model=None):
    preprocess = Preprocessing(transforms)
    spec = DataSpec("made", features, LABEL)
    if model is None:
        model = Tabular(preprocess.input_specs(spec), 2, hidden=4, depth=1, frequencies=2)
    inputs = {s.name: np.zeros((1, *s.shape), s.dtype) for s in preprocess.input_specs(spec)}
    model(inputs)
    weights = (
        [v.numpy() for v in model.trainable_variables],
        [v.numpy() for v in model.non_trainable_variables],
    )
    task = Classification(LABEL)
    return Servable(model=model, weights=weights, preprocess=preprocess, task=task, spec=spec)


@pytest.fixture
def rows():
    """Raw columns as a `Servable` takes them."""
    count = len(DATES)
    draw = np.random.default_rng(0)
    numbers = draw.choice(np.array([np.nan, -999, 0.1, 1e30, np.inf, 8000], "f4"), count)
    return {
        "a b": numbers,
        "zip": draw.choice(np.array([np.nan, 8000, 8001, 9000.5, 7, np.inf], "f4"), count),
        "town": draw.choice(np.array(["", "Bern", "Genève", "Zug", "Rom"], "O"), count),
        "street": np.array(["Bahnhofstrasse", "", *(f"ä{'x' * i}" for i in range(count - 2))], "O"),
        "born": np.array(DATES, "O"),
        "seen": np.array(DATES[::-1], "O"),
    }


def test_columns_are_encoded_as_the_servable_encodes_them(servable, rows, tmp_path):
    write_encoder(tmp_path, servable, "run(inputs)")
    _check_same(Encoder(tmp_path / "encoder.json").encode(rows), servable, rows)


def _check_same(encoded, servable, rows):
    expected = servable.encode({name: tf.constant(value) for name, value in rows.items()})
    assert set(encoded) == {servable.argument_names[name] for name in expected}
    for name, value in expected.items():
        found = encoded[servable.argument_names[name]]
        assert found.dtype == value.dtype.as_numpy_dtype, name
        np.testing.assert_array_equal(found, value, err_msg=name)


def test_what_is_missing_may_be_written_as_none(servable, rows, tmp_path):
    write_encoder(tmp_path, servable, "")
    encoder = Encoder(tmp_path / "encoder.json")
    lists = {name: [None if v == "" or v != v else v for v in col] for name, col in rows.items()}
    for name, value in encoder.encode(rows).items():
        np.testing.assert_array_equal(encoder.encode(lists)[name], value)


def test_a_column_that_is_missing_or_no_number_is_named(servable, rows, tmp_path):
    write_encoder(tmp_path, servable, "")
    encoder = Encoder(tmp_path / "encoder.json")
    with pytest.raises(ValueError, match="column 'zip' is missing"):
        encoder.encode({name: rows[name] for name in rows if name != "zip"})
    with pytest.raises(ValueError, match="column 'a b': could not convert string to float"):
        encoder.encode({**rows, "a b": ["x"] * len(DATES)})


def test_fingerprints_are_those_of_tensorflow():
    draw = np.random.default_rng(0)
    texts = [draw.bytes(length) for length in range(300)]
    expected = tf.strings.to_hash_bucket_fast(texts, 2**63 - 1).numpy()
    assert [fingerprint(text) % (2**63 - 1) for text in texts] == expected.tolist()


# Letters whose small form depends on their place or is two characters; other scripts; emoji.
LETTERS = "abcdeéßABCDEÉ\u0130I\u0131\u03a3\u03c3\u03c2中文かな한ไทย"
MARKS, NUMBERS, BLANKS = "\u0301\u0903", "1234½٣Ⅷ", " \t\n\f\r\v\x00\x1f\x85\xa0\u2003\u3000\u200b"
EMOJI = ("\U0001f600", "\U0001f468\u200d\U0001f469")
SIGNS = (*LETTERS, *MARKS, *NUMBERS, *BLANKS, *".,!?-_'\"()", *EMOJI, "a" * 30, "12" * 20)
PIECES = (
    " ", *"abcdeé\u0301ßi\u0307\u03c3\u03c212½.,!?-_中文", EMOJI[0], "\N{REPLACEMENT CHARACTER}",
    " a", " ab", "abc", "12", " 1", "...", " .", "a" * 16, "\n",
)  # fmt: skip


def texts_of(seed, count=400):
    """Strings of signs of all kinds."""
    draw = np.random.default_rng(seed)
    drawn = ["".join(draw.choice(SIGNS, draw.integers(0, 25))) for _ in range(count)]
    return ["", " ", "Abc 12.5, a-b\n\ncd", "ΑΣ ΣΑΣ. ὈΔΥΣΣΕΎΣ", *drawn]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("unit", ["subwords", "characters"])
def test_texts_are_cut_as_training_cuts_them(unit, stream):
    tokens, texts = Tokens(PIECES, 20, unit, stream), texts_of(seed=int(stream))
    fitted = {**_fitted(tokens), "name": "text"}
    found = token_ids(texts, ids_of_pieces(fitted), fitted)
    expected = tokens.encode(tf.constant(texts)).numpy()
    for text, mine, right in zip(texts, found, expected, strict=True):
        assert mine.tolist() == right.tolist(), repr(text)
    assert found.dtype == expected.dtype
    assert len(np.unique(found)) > 20


def test_texts_are_taken_as_strings_bytes_and_nothing(tmp_path):
    encoder = Encoder(_written(tmp_path, Tokens((" a", " b"), 4, "subwords", False)))
    found = encoder.encode({"text": ["a B", b"b\xff", None, float("nan"), ""]})["text"]
    assert found.tolist() == [[2, 3, 0, 0], [3, 1, 0, 0], [0] * 4, [0] * 4, [0] * 4]
    assert (
        "| text | text | a text, encoded as the ids of its tokens |"
        in (tmp_path / "README.md").read_text()
    )


def _written(folder, tokens):
    """The path of encoder.json of a model of one text."""
    import keras

    class Sum(keras.Model):
        def __init__(self):
            super().__init__()
            self.head = keras.layers.Dense(2)

        def call(self, ids):
            return self.head(tf.cast(ids, tf.float32))

    model, preprocess = Sum(), Preprocessing({"text": tokens})
    model(np.zeros((1, tokens.length), "i4"))
    spec = DataSpec("made", (FeatureSpec("text", "text", (), "string"),), LABEL)
    weights = ([v.numpy() for v in model.trainable_variables], [])
    servable = Servable(
        model=model, weights=weights, preprocess=preprocess, task=Classification(LABEL), spec=spec
    )
    write_encoder(folder, servable, "run(inputs)")
    return folder / "encoder.json"


def test_it_runs_where_tensorflow_cannot_be_imported(servable, rows, tmp_path):
    write_encoder(tmp_path, servable, "run(inputs)")
    columns = {name: [None if v != v else v for v in col.tolist()] for name, col in rows.items()}
    (tmp_path / "rows.json").write_text(json.dumps(columns).replace("Infinity", "1e999"))
    code = (
        "import sys, json; sys.modules.update(dict.fromkeys(('tensorflow', 'keras', 'tfapp'))); "
        "import numpy as np; from encoder import Encoder; "
        "np.savez('out.npz', **Encoder().encode(json.load(open('rows.json'))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert str(ROOT) not in (tmp_path / "encoder.py").read_text()
    with np.load(tmp_path / "out.npz") as out:
        _check_same(dict(out), servable, rows)


@pytest.mark.slow
@pytest.mark.parametrize(
    "table, label",
    [("adult", "income"), ("tables/seattle_weather", "weather"), ("banking77", "category")],
)
def test_rows_of_a_real_table(table, label, test_data, make_experiment, tmp_path):
    """Categories, missing values, dates, texts; what LiteRT then gives is what the model gives."""
    experiment = make_experiment(dataset=f"csv:{test_data / table}", label=label, steps=1)
    weights = experiment.state.read_for_answers()
    servable = make_servable(experiment, weights, ("litert",))
    rows = experiment.data.examples
    exporter = LiteRTExporter()
    exporter.write(servable, tmp_path)
    write_encoder(tmp_path, servable, exporter.usage)
    encoded = Encoder(tmp_path / "encoder.json").encode(rows)
    _check_same(encoded, servable, rows)
    outputs = exporter.load(tmp_path)(encoded)["outputs"]
    expected = servable.numeric(servable.encode(rows))
    np.testing.assert_allclose(outputs, expected, rtol=1e-5, atol=1e-5)

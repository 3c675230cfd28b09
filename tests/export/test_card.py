"""model_card.json and MODEL.md: what is in them is true, and anybody can repeat the example."""

import json

import numpy as np
import pytest

from tfapp.export.card import write_card

FACTS = {
    "name": "houses|1",
    "model": {"name": "tabular", "parameters": 1234},
    "data": {"name": "made", "examples": {"train": 80, "validation": 10, "test": 10}},
    "metrics": {
        "test": {"loss": 0.5, "accuracy": 0.75},
        "intervals": {"accuracy": [0.7, 0.8]},
        "trivial": {"accuracy": 0.6},
        "worst_class": {"name": "low", "recall": 0.25, "examples": 4},
    },
    "training": {"step": 20, "steps": 40, "temperature": 1.5},
    "versions": {"tfapp": "1.0"},
}
ROWS = {
    "gr|öße": np.array([np.nan, 10.0], "f4"),
    "town": np.array(["Zug", "Bern"], object),
}


@pytest.fixture
def write(tmp_path):
    def run(servable, examples):
        write_card(tmp_path, servable, examples, FACTS)
        card = json.loads((tmp_path / "model_card.json").read_text(encoding="utf-8"))
        return card, (tmp_path / "MODEL.md").read_text(encoding="utf-8")

    return run


def test_the_example_is_a_request_that_can_be_sent_and_its_answer(make_table_servable, write):
    servable = make_table_servable("gr|öße", "town")
    card, _ = write(servable, ROWS)
    request = card["example"]["request"]
    assert request["signature_name"] == "serving_default"
    (instance,) = request["instances"]
    assert instance == {"gr___e": 10.0, "town": "Bern"}  # a row in which nothing is missing
    (answer,) = card["example"]["answer"]["predictions"]
    expected = servable.serve({name: array[1:] for name, array in ROWS.items()})
    assert answer["probabilities"] == pytest.approx(expected["probabilities"].numpy()[0].tolist())
    assert answer["class_name"] == expected["class_name"].numpy()[0].decode()


def test_images_are_asked_for_as_files(make_image_servable, images, write):
    card, text = write(make_image_servable(), images)
    request = card["example"]["request"]
    assert request["signature_name"] == "serving_bytes"
    assert list(request["instances"][0]["image"]) == ["b64"]
    assert "`image`" in text


def test_the_page_tells_what_the_run_measured(make_table_servable, write):
    card, text = write(make_table_servable("gr|öße", "town"), ROWS)
    assert card["metrics"] == FACTS["metrics"]
    assert card["inputs"][0] == {
        "name": "gr|öße", "argument": "gr___e", "kind": "numeric", "dtype": "float32", "shape": []
    }  # fmt: skip
    assert text.startswith("# houses\\|1\n")
    assert "| accuracy | 0.75 | 0.7 to 0.8 | 0.6 |" in text
    assert "| weights | of step 20 of 40 |" in text and "| temperature | 1.5 |" in text
    assert "Of the class low, 25.0% of 4 test examples are recognised" in text
    assert "`gr\\|öße`" in text and "`high`" in text
    tables = [line for line in text.splitlines() if line.startswith("|")]
    widths = {line.replace("\\|", "").count("|") for line in tables}
    assert widths <= {3, 5}  # no name has broken a row


def test_inputs_have_what_is_known_of_their_values_in_train(make_table_servable, tmp_path):
    columns = {"town": {"values": ["Bern", "Zug"], "distinct": 2, "missing": False}}
    rows = {"size": np.array([0.1], "f4"), "town": np.array(["Zug"], object)}
    write_card(tmp_path, make_table_servable(), rows, {**FACTS, "columns": columns})
    card = json.loads((tmp_path / "model_card.json").read_text(encoding="utf-8"))
    size, town = card["inputs"]
    text = (tmp_path / "MODEL.md").read_text(encoding="utf-8")
    assert "| `town` | `town` | category, string | `Bern`, `Zug` |" in text
    assert town["values"] == ["Bern", "Zug"] and "values" not in size
    assert card["example"]["request"]["instances"][0]["size"] == 0.1  # the digits of a float32


def test_numbers_are_written_as_people_write_them(make_table_servable, tmp_path):
    columns = {
        "size": {"range": [0.1, 94110.0], "missing": True},
        "town": {"values": [f"t{i}" for i in range(9)], "distinct": 1200, "missing": False},
    }
    metrics = {
        **FACTS["metrics"],
        "test": {"mean_width": 163498.26, "loss": 0.123456789, "roc_auc": 0.999972},
    }
    facts = {**FACTS, "columns": columns, "metrics": metrics,
             "training": {"step": 1000, "steps": 2000, "averaged_weights": True}}  # fmt: skip
    rows = {"size": ROWS["gr|öße"], "town": ROWS["town"]}
    write_card(tmp_path, make_table_servable(), rows, facts)
    text = (tmp_path / "MODEL.md").read_text(encoding="utf-8")
    assert "| numeric, float32 | 0.1 to 94110; sometimes missing |" in text
    assert "`t5` and 1,194 more |" in text and "`t6`" not in text
    assert "| mean_width | 163,498 |" in text and "| loss | 0.1235 |" in text
    assert "| roc_auc | 0.999972 |" in text  # and not 1
    assert "| weights | of step 1,000 of 2,000 |" in text and "| averaged weights | yes |" in text

"""The page's document: a field for each kind of input, names escaped, nothing from elsewhere."""

import base64
import hashlib
import html.parser
import json
import re

import pytest

from tests.serving.page import cards
from tfapp.serving.page import CONTENT_SECURITY_POLICY, render


class Document(html.parser.HTMLParser):
    """The elements of a page, (tag, attributes), and the texts of its scripts and styles."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.raw = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self.raw.append((tag, dict(attrs).get("type"), ""))

    def handle_data(self, data):
        if self.elements and self.elements[-1][0] in ("script", "style"):
            tag, kind, text = self.raw[-1]
            self.raw[-1] = (tag, kind, text + data)

    def handle_endtag(self, tag):
        self.elements.append((f"/{tag}", {}))

    def all(self, tag, **attributes):
        return [
            found for name, found in self.elements
            if name == tag and attributes.items() <= found.items()
        ]  # fmt: skip

    @property
    def model(self):
        """What the script is given."""
        (text,) = [text for _, kind, text in self.raw if kind == "application/json"]
        return json.loads(text)


def document(card, name="made"):
    return Document(render(card, name))


def test_every_column_of_a_table_has_a_field_of_its_kind():
    found = document(cards.table())
    widgets = [entry["widget"] for entry in found.model["inputs"]]
    assert widgets == [
        "number", "number", "choice", "string", "code", "string", "text", "boolean", "number"
    ]  # fmt: skip
    tags = ["input", "input", "select", "input", "select", "input", "textarea", "select", "input"]
    for i, tag in enumerate(tags):
        (control,) = found.all(tag, id=f"f{i}")
        assert found.all("label", **{"for": f"f{i}"})
        for described in control["aria-describedby"].split():
            assert found.all("p", id=described)
    assert len(found.all("option")) == (1 + 2) + 40 + (1 + 2) + 3
    assert found.all("input", id="f3", list="l3") and found.all("datalist", id="l3")


def test_ranges_and_what_may_be_missing_are_told():
    text = render(cards.table(), "made")
    assert ">17 to 90 in training<" in text
    assert ">-0.25 to 1000000 in training; empty if it is missing<" in text
    assert ">1950-01-31 to 2001-12-01 in training; empty if it is missing<" in text
    assert ">1,234 known values, 40 of them suggested<" in text
    required = [entry["required"] for entry in document(cards.table()).model["inputs"]]
    assert required == [True, False, False, True, True, False, False, True, True]


def test_cards_without_ranges_and_values_still_have_fields():
    card = cards.table()
    known = ("range", "values", "distinct", "missing")
    card["inputs"] = [{k: v for k, v in e.items() if k not in known} for e in card["inputs"]]
    found = document(card)
    assert [e["widget"] for e in found.model["inputs"]].count("string") == 3
    assert not found.model["inputs"][0]["required"]


@pytest.mark.parametrize("channels, tool", [(1, "dark0"), (3, "ink0")])
def test_an_image_is_drawn_or_chosen(channels, tool):
    found = document(cards.picture(channels))
    assert found.all("canvas", id="f0") and found.all("input", id="file0", type="file")
    assert found.all("input", id=tool)
    assert found.model["bytes"] and found.model["signature"] == "serving_bytes"


def test_images_of_other_channels_and_vectors_are_typed_as_numbers():
    for card in (cards.picture(2, signature="serving_default"), cards.vector()):
        found = document(card)
        assert found.all("textarea", id="f0") and not found.all("canvas")
        assert not found.model["bytes"]
    assert "2 \N{MULTIPLICATION SIGN} 3 numbers" in render(cards.vector(), "made")


def test_one_text_is_required_and_has_no_row_of_csv():
    card = cards.card(cards.entry("text", "text", "string"), instance={"text": "hi"})
    found = document(card)
    assert found.all("textarea", id="f0") and found.model["inputs"][0]["required"]
    assert not found.all("textarea", id="csv")


def test_names_are_text_and_never_markup():
    card = cards.table()
    card["label"]["name"] = card["data"]["name"] = card["model"]["name"] = cards.EVIL
    text = render(card, cards.EVIL)
    found = Document(text)
    assert not found.all("img")
    assert len(found.all("script")) == len(found.all("/script")) == 2
    assert not any(name.startswith("on") for _, attributes in found.elements for name in attributes)
    assert found.model["label"]["classes"][0] == cards.EVIL  # unchanged where it is data
    assert {"value": cards.EVIL} in found.all("option")
    assert found.model["url"].startswith("v1/models/%3C%2Fscript%3E") and (
        found.model["url"].endswith(":predict")
    )


def test_nothing_is_loaded_from_anywhere():
    for card in (cards.table(), cards.picture(3), cards.vector()):
        text = render(card, "made")
        assert not re.search(r"https?:|//[a-z]|@import|url\(", re.sub(r"(?m)^\s*//.*", "", text))
        for _, attributes in Document(text).elements:
            assert attributes.get("href", "data:").startswith("data:")
            assert "src" not in attributes and "action" not in attributes
            assert "style" not in attributes


def test_the_policy_allows_the_pages_own_script_and_style_alone():
    policy = dict(part.split(" ", 1) for part in CONTENT_SECURITY_POLICY.split("; "))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["connect-src"] == "'self'"
    for card in (cards.table(), cards.picture()):
        for tag, kind, text in document(card).raw:
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            allowed = f"'sha256-{digest}'" == policy[f"{tag}-src"]
            assert allowed == (kind is None)  # the model's facts are no script


def test_a_model_of_very_many_columns_and_classes_has_a_bounded_page():
    base = len(render(cards.vector(), "made"))
    card = cards.wide(5000)
    card["label"]["classes"] = ["n" * 1000] * 100_000
    text = render(card, "made")
    assert len(text) - base < 5000 * 200 + 10_000 * 130
    found = Document(text)
    assert found.model["wide"] and found.all("textarea", id="csv") and not found.all("input")
    assert "open" in found.all("details", id="row")[0]


def test_many_columns_of_many_values_suggest_fewer():
    values = [f"{i:0100}" for i in range(500)]
    columns = [
        cards.entry(f"c{i}", "category", "string", values=values, distinct=900) for i in range(300)
    ]
    text = render(cards.card(*columns, instance=dict.fromkeys("c0", "")), "made")
    assert len(text) < 2_000_000
    assert ">900 known values, 30 of them suggested<" in text


def test_a_huge_example_stays_out_of_the_page():
    assert document(cards.picture(instance={"image": {"b64": "A" * 400_000}})).model["example"] is (
        None
    )
    assert document(cards.picture(instance={"image": {"b64": "A" * 400}})).model["example"]

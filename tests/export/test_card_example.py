"""What MODEL.md shows of a request: short, valid JSON that no name can break out of."""

import json

from tfapp.export.card_example import shortened


def test_a_row_takes_a_line_a_column():
    lines = shortened({"instances": [{"age": 63.0, "town": "Zug"}]})
    assert lines == [
        "{", '  "instances": [', "    {", '      "age": 63.0,', '      "town": "Zug"', "    }",
        "  ]", "}",
    ]  # fmt: skip


def test_what_is_long_is_shortened_and_stays_json():
    value = {
        "b64": "A" * 100_000,
        "text": "two words " * 100,
        "probabilities": [0.5] * 66,
        "pixels": [[[0]] * 28] * 28,
        "columns": {f"c{i}": i for i in range(2000)},
    }
    lines = shortened(value)
    found = json.loads("\n".join(lines))
    assert len(lines) < 50 and max(map(len, lines)) < 400
    assert found["b64"] == "A" * 50 + "..."
    assert found["text"] == "two words " * 10 + "..."
    assert found["probabilities"] == [0.5] * 3 + ["... 63 more"]
    assert found["pixels"][-1] == "... 25 more" and found["columns"]["..."] == "1,970 more"


def test_no_text_ends_the_block_or_a_line():
    value = {"```": "```\n# heading\u2028\u202e", "empty": [], "none": {}, "nan": float("nan")}
    lines = shortened(value)
    assert not any("```" in line or not line.isprintable() for line in lines)
    assert json.loads("\n".join(lines)) == {**value, "nan": None}

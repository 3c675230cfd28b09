"""Cards of made-up models, with inputs of every kind and names that would break a careless page."""

_PNG = (  # a black pixel
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)
EVIL = "</script><img src=x onerror=\"document.title='broken'\">&'`"
_METRICS = {
    "test": {"loss": 0.5, "accuracy": 0.75},
    "intervals": {"accuracy": [0.7, 0.8]},
    "trivial": {"accuracy": 0.6},
}


def entry(name, kind, dtype, shape=(), argument="", **known):
    """An entry of a card's `inputs`; `known`: range, values, distinct, missing."""
    return {
        "name": name, "argument": argument or name, "kind": kind, "dtype": dtype,
        "shape": list(shape), **known,
    }  # fmt: skip


def card(
    *inputs, instance, signature="serving_default", label="y", kind="class", classes=(), answers=()
):
    """The dict of a model_card.json."""
    return {
        "format": 1,
        "name": "made",
        "model": {"name": "tabm", "parameters": 1234},
        "inputs": list(inputs),
        "label": {"name": label, "kind": kind, "classes": list(classes)},
        "answers": [{"name": name, "dtype": "float32", "shape": []} for name in answers],
        "example": {
            "request": {"signature_name": signature, "instances": [instance]},
            "answer": {"predictions": [{}]},
        },
        "metrics": _METRICS,
        "data": {"name": "made", "examples": {"train": 80, "validation": 10, "test": 10}},
        "training": {"step": 20, "steps": 40},
        "versions": {"tfapp": "1.0"},
        "intended_use": "For examples like these.",
        "limits": [f"Of the class {EVIL}, 25.0% of 4 test examples are recognised."],
    }


def table():
    """A table with a column of every kind, and a class of an evil name."""
    inputs = (
        entry("age", "numeric", "float32", range=[17.0, 90.0], missing=False),
        entry("debt", "numeric", "float32", range=[-0.25, 1e6], missing=True),
        entry(EVIL, "category", "string", argument="evil", values=[EVIL, "b"], distinct=2,
              missing=True),
        entry("job", "category", "string", values=[f"job {i}" for i in range(40)], distinct=1234,
              missing=False),
        entry("zip", "code", "float32", values=[8001.0, 3005.0], distinct=2, missing=False),
        entry("born", "date_dmy", "string", range=["1950-01-31", "2001-12-01"], missing=True),
        entry("note", "text", "string"),
        entry("agreed", "numeric", "bool"),
        entry("rooms", "numeric", "int64", range=[1, 9], missing=False),
    )  # fmt: skip
    instance = {
        "age": 63.0, "debt": None, "evil": EVIL, "job": "job 7", "zip": 3005.0,
        "born": "1980-02-03", "note": "says \"hi\"\nand goes", "agreed": True, "rooms": 3,
    }  # fmt: skip
    return card(*inputs, instance=instance, classes=(EVIL, "no"), answers=("probabilities",))


def picture(channels=1, *, signature="serving_bytes", dtype="uint8", instance=None):
    """A model of 8x6 images."""
    taken = entry("image", "image", dtype, (8, 6, channels), range=[0, 255])
    return card(taken, instance=instance or {"image": {"b64": _PNG}}, signature=signature,
                classes=("a", "b"), answers=("probabilities",))  # fmt: skip


def vector():
    """A model of 2x3 numbers that answers one number."""
    taken = entry("x", "numeric", "float32", (2, 3), range=[0.0, 16.0], missing=False)
    instance = {"x": [[1, 2, 3], [4, 5, 6.5]]}
    return card(taken, instance=instance, label="price", kind="real", answers=("value",))


def wide(columns):
    """A model of very many columns."""
    inputs = [entry(f"c{i}", "numeric", "float32", range=[0.0, 1.0]) for i in range(columns)]
    instance = {f"c{i}": 0.5 for i in range(columns)}
    return card(*inputs, instance=instance, kind="real", label="y", answers=("value",))

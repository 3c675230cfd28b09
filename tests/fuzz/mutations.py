"""Hypothesis strategies for input that nobody expects: damaged files, and values of JSON."""

from hypothesis import strategies as st

INTERESTING = (
    b"\x00", b"\xff", b"\x7f\xff\xff\xff", b"\x80\x00\x00\x00", b"\x00\x00\x00\x80",
    b"\xff\xff\xff\xff", b"\xff" * 8, b"\x00" * 8, b"[" * 200, b'"', b"\n", b"1e999", b"-1",
    b"\xed\xa0\x80", b"null", b"{}", b"9" * 400, b"%s", b"\x1b[31m",
)  # fmt: skip


@st.composite
def _change(draw, data):
    """`data` with one change."""
    at = draw(st.integers(0, max(len(data) - 1, 0)))
    kind = draw(st.sampled_from(["flip", "cut", "insert", "overwrite", "drop", "repeat"]))
    if kind == "flip":
        bit = 1 << draw(st.integers(0, 7))
        return data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :] if data else data
    if kind == "cut":
        return data[:at]
    size = draw(st.integers(1, 16))
    if kind == "drop":
        return data[:at] + data[at + size :]
    if kind == "repeat":
        return data[:at] + data[at : at + size] * 2 + data[at + size :]
    new = draw(st.one_of(st.sampled_from(INTERESTING), st.binary(min_size=1, max_size=8)))
    return data[:at] + new + data[at + (len(new) if kind == "overwrite" else 0) :]


@st.composite
def damaged(draw, valid):
    """One of the byte strings `valid`, changed once to three times."""
    data = draw(st.sampled_from(valid))
    for _ in range(draw(st.integers(1, 3))):
        data = draw(_change(data))
    return data


_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**400, -(2**63) - 1, 2**63, 1e308, float("nan"), float("inf"), -0.0]),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["", "\ud800", "\x00", "nan", "²", "a\nb", "2024-01-31", "1,5"]),
)


def json_values(max_leaves=8):
    """Anything that json.dumps takes, lone surrogates included."""
    return st.recursive(
        _SCALARS,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=4), inner, max_size=4)
        ),
        max_leaves=max_leaves,
    )


# What replaces a file that tfapp wrote, or a part of it.
WRONG_JSON = (
    b"null", b"true", b"7", b"-1", b"1e999", b"NaN", b'"x"', b"[]", b"[[]]", b"{}", b'{"": {}}',
    b"[" * 100_000, b'{"a":' * 100_000, b"1" + b"0" * 5000, b"", b"\xff\xfe\x00", b"\x00" * 64,
    b'{"host": null}', b'["\\ud800"]', b"// comment", b"{'a': 1}", b" " * 1_000_000,
)  # fmt: skip
WRONG_VALUES = (
    None, True, 7, -1, 0.5, float("nan"), 10**400, "x", "", [], {}, [[]], {"": None}, ["x", 1],
    "\ud800", [None], {"a": {"b": []}},
)  # fmt: skip


def paths_in(value, path=()):
    """The place of each part of a JSON value, as a tuple of keys and indices; () is all of it."""
    yield path
    items = value.items() if isinstance(value, dict) else ()
    if isinstance(value, list):
        items = enumerate(value[:3])
    for key, part in items:
        yield from paths_in(part, (*path, key))


def replaced(value, path, new):
    """A copy of a JSON value, with `new` at a place that `paths_in` gave."""
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy

"""What the label is usually called, for data whose --label is not given."""

LABEL = "label"  # its name where the data has none
_USUAL = ("label", "labels", "target", "targets", "class", "category", "y")


def candidates(names):
    """Those of `names` that usually mean the label, in upper or lower case, most usual first."""
    found = [name for name in names if name.lower() in _USUAL]
    return sorted(found, key=lambda name: _USUAL.index(name.lower()))

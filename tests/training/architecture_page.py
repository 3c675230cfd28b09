"""Writes docs/keras-applications.md.

python -m tests.training.architecture_page > docs/keras-applications.md
"""

from tests.training.applications import APPLICATIONS
from tests.training.hub import HUB

PAGE = """\
# Networks of Keras Applications and KerasHub

Written by `python -m tests.training.architecture_page > docs/keras-applications.md`.

Each trains from random weights on random batches of four, by SGD with momentum, by tfapp's step and
by a plain `tf.GradientTape` loop. *equal*: losses, weights, statistics and the states of random
generators agree to 1e-5 after so many steps. Both are graphs that run as they are traced: a deep
network amplifies a difference in the last bit, such as a fused kernel makes, to any size within a
few steps, in two plain loops as well.
`tests/training/test_architectures.py` runs the tables; without KerasHub it skips the second.
"""
HEAD = """
| network | parameters | with | steps | result |
| --- | ---: | --- | ---: | --- |
"""


def table(architectures):
    rows = [
        f"| {name} | {a.parameters:,} | {a.has} | {a.steps} | equal |\n"
        for name, a in architectures.items()
    ]
    return HEAD + "".join(rows)


def markdown():
    """The page docs/keras-applications.md."""
    applications = f"\n## keras.applications\n{table(APPLICATIONS)}"
    backbones = f"\n## KerasHub: backbones of a few layers, with a head\n{table(HUB)}"
    return PAGE + applications + backbones


if __name__ == "__main__":
    print(markdown(), end="")

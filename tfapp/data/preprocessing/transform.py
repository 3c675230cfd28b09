"""The contract of a transform: what happens to one feature between its raw values and the model."""

import abc
from typing import ClassVar


class Transform(abc.ABC):
    """Fitted on train. Encoding happens once, on the host; the call is part of every step.

    For every raw value, `encode` in TensorFlow and `encode_column` give equal results, so that the
    served model computes what training and evaluation computed.
    """

    kind: ClassVar[str]  # its name in the run's folder
    feature_kind: ClassVar[str] = "numeric"  # of the column it is fitted on, as in `FeatureSpec`

    @abc.abstractmethod
    def encode_column(self, column):
        """A raw column of n examples -> NumPy [n, ...].

        Args:
          column: `StringColumn`, or NumPy [n, *shape] of numbers.
        """

    @abc.abstractmethod
    def encode(self, raw):
        """The same for a tensor: [batch, *shape] of numbers, or string [batch]."""

    @abc.abstractmethod
    def __call__(self, encoded):
        """Encoded [batch, ...] -> the model's input, a tensor as `input_spec` describes it."""

    @abc.abstractmethod
    def input_spec(self, feature):
        """The `InputSpec` of the result for a `FeatureSpec`."""

    def unknown(self, column):
        """Bool NumPy [n]: the values of a raw column that train does not have.

        None for transforms to which every value is acceptable.
        """
        del column

    @abc.abstractmethod
    def to_json(self):
        """A dict that can be written as JSON. Run folders keep it, so names in it never change."""

    @classmethod
    @abc.abstractmethod
    def from_json(cls, value):
        """Reads what `to_json` wrote, which may stand among other entries."""

"""What exporters share that write `core` of `tfapp.export.signatures`, arithmetic alone."""

import logging

import numpy as np
import tensorflow as tf

from tfapp.errors import TfappError
from tfapp.export.compare import agreement, check_answers, relative_error, worst_difference
from tfapp.export.exporter import Exporter
from tfapp.export.signatures import OUTPUTS

_LOG = logging.getLogger("tfapp")
_TOLERANCE = 1e-5  # other kernels sum in another order
# Last bits by which the arithmetic of two runtimes may move a number before the model sees it.
_LAST_BITS = 8
_MOST = 1e-3  # tolerance, however steep the model
_LEAST_AGREEMENT = 0.9  # of lossy formats


class CoreExporter(Exporter):
    """Verifies what its runtime answers to encoded features, computed in float32."""

    takes_encoded = True

    def verify(self, servable, folder, examples):
        for answers, expected, encoded in self._compared(servable, folder, examples):
            tolerance = _TOLERANCE
            difference = worst_difference(answers[OUTPUTS], expected[OUTPUTS])
            if difference > tolerance:
                of_a_bit = of_last_bit(servable.in_float32, encoded, expected[OUTPUTS])
                tolerance = min(max(tolerance, _LAST_BITS * of_a_bit), _MOST)
            check_answers(folder, answers, expected, tolerance)
            if difference > _TOLERANCE:
                _LOG.info(
                    "export: %s: outputs differ by %.1g; the last bit of a number among the inputs "
                    "changes them by %.1g", self.name, difference, of_a_bit,
                )  # fmt: skip

    def _compared(self, servable, folder, examples):
        """Yields (the format's outputs, the servable's, the encoded features) for two batches."""
        run, names, exact = self.load(folder), servable.argument_names, servable.in_float32
        for size in sorted({len(next(iter(examples.values()))), 1}):
            batch = {name: array[:size] for name, array in examples.items()}
            encoded = servable.encode(batch)
            answers = run({names[name]: np.asarray(value) for name, value in encoded.items()})
            yield answers, {OUTPUTS: exact.numeric(encoded)}, encoded


def of_last_bit(servable, encoded, outputs):
    """How far outputs move if every floating-point number among the inputs moves by its last bit.

    A steep step between two neighbouring values of a column makes much of a little rounding.

    Args:
      servable: a `Servable`.
      encoded: feature -> tensor, see `Servable.numeric`.
      outputs: those of the same features.

    Returns:
      a number as `worst_difference` gives it.
    """
    found = [0.0]
    for towards in (-np.inf, np.inf):
        arrays = {name: np.asarray(value) for name, value in encoded.items()}
        for name, array in arrays.items():
            if array.dtype.kind == "f":
                arrays[name] = np.nextafter(array, array.dtype.type(towards))
        moved = {name: tf.constant(array) for name, array in arrays.items()}
        found.append(worst_difference(servable.numeric(moved), outputs))
    return max(found)


class LossyExporter(CoreExporter):
    """A format that rounds: it is compared by how far outputs are off as a whole, and by answers.

    Put before the exporter that it rounds. `tolerance`: the root mean square of the differences of
    outputs, as a share of that of the outputs, that is still the same model.
    """

    tolerance: float

    def verify(self, servable, folder, examples):
        for answers, expected, encoded in self._compared(servable, folder, examples):
            outputs, right = answers[OUTPUTS], np.asarray(expected[OUTPUTS])
            error = relative_error(outputs, right)
            if not error <= self.tolerance:
                raise TfappError(
                    f"{folder}: outputs of {self.name} are off by {error:.2g} of their size, more "
                    f"than {self.tolerance}; export another format"
                )
            inputs = servable.packed(encoded)
            share = agreement(servable.answers(outputs, inputs), servable.answers(right, inputs))
            others = round((1 - share) * len(right))
            if others > max(1, (1 - _LEAST_AGREEMENT) * len(right)):
                raise TfappError(
                    f"{folder}: {self.name} gives the same answer to {share:.0%} of the examples, "
                    f"less than {_LEAST_AGREEMENT:.0%}; export another format"
                )

    def trial(self, servable, folder, examples):
        """Only that it can be written and run: rounding tells nothing before training."""
        self.write(servable, folder)
        for answers, expected, _ in self._compared(servable, folder, examples):
            right = expected[OUTPUTS]
            if answers[OUTPUTS].shape != right.shape:
                raise TfappError(f"{folder}: outputs {answers[OUTPUTS].shape}, not {right.shape}")

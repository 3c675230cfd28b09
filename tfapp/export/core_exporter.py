"""What exporters share that write `core` of `tfapp.export.signatures`, arithmetic alone."""

import numpy as np

from tfapp.errors import TfappError
from tfapp.export.compare import agreement, check_answers, relative_error
from tfapp.export.exporter import Exporter
from tfapp.export.signatures import OUTPUTS

_TOLERANCE = 1e-5  # other kernels sum in another order
_LEAST_AGREEMENT = 0.9  # of lossy formats


class CoreExporter(Exporter):
    """Verifies what its runtime answers to encoded features, computed in float32."""

    takes_encoded = True

    def verify(self, servable, folder, examples):
        for answers, expected, _ in self._compared(servable, folder, examples):
            check_answers(folder, answers, expected, _TOLERANCE)

    def _compared(self, servable, folder, examples):
        """Yields (the format's outputs, the servable's, the servable's inputs) for two batches."""
        run, names, exact = self.load(folder), servable.argument_names, servable.in_float32
        for size in sorted({len(next(iter(examples.values()))), 1}):
            batch = {name: array[:size] for name, array in examples.items()}
            encoded = servable.encode(batch)
            answers = run({names[name]: np.asarray(value) for name, value in encoded.items()})
            yield answers, {OUTPUTS: exact.numeric(encoded)}, servable.preprocess(batch)


class LossyExporter(CoreExporter):
    """A format that rounds: it is compared by how far outputs are off as a whole, and by answers.

    Put before the exporter that it rounds. `tolerance`: the root mean square of the differences of
    outputs, as a share of that of the outputs, that is still the same model.
    """

    tolerance: float

    def verify(self, servable, folder, examples):
        for answers, expected, inputs in self._compared(servable, folder, examples):
            outputs, right = answers[OUTPUTS], np.asarray(expected[OUTPUTS])
            error = relative_error(outputs, right)
            if not error <= self.tolerance:
                raise TfappError(
                    f"{folder}: outputs of {self.name} are off by {error:.2g} of their size, more "
                    f"than {self.tolerance}; export another format"
                )
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

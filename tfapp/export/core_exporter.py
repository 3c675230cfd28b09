"""What exporters share that write `core` of `tfapp.export.signatures`, arithmetic alone."""

import abc

import numpy as np

from tfapp.export.compare import check_answers
from tfapp.export.exporter import Exporter
from tfapp.export.signatures import OUTPUTS

_TOLERANCE = 1e-5  # other kernels sum in another order


class CoreExporter(Exporter):
    """Verifies what its runtime answers to encoded features."""

    @abc.abstractmethod
    def load(self, folder):
        """Returns run(arguments) -> {"outputs": array}, by the runtime that the format is for.

        Args:
          folder: a version's; its file is read.

        `arguments`: those of `core`, name -> NumPy [batch, ...].
        """

    def verify(self, servable, folder, examples):
        run, names = self.load(folder), servable.argument_names
        for size in sorted({len(next(iter(examples.values()))), 1}):
            encoded = servable.encode({name: array[:size] for name, array in examples.items()})
            answers = run({names[name]: np.asarray(value) for name, value in encoded.items()})
            expected = {OUTPUTS: servable.numeric(encoded)}
            check_answers(folder, answers, expected, _TOLERANCE)

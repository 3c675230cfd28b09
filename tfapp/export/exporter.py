"""The contract of an export format: it writes a `Servable` into a folder and verifies the result.

    class MyExporter(Exporter):
        name = "my_format"
        def write(self, servable, folder): ...
        def verify(self, servable, folder, examples): ...

is used with --export=my_module:MyExporter. An exporter is stateless: each method may be called on
a new instance.
"""

import abc
from typing import ClassVar


class Exporter(abc.ABC):
    """One format.

    Attributes:
      runtime: what reads the format, for tables and messages.
      calibrates: whether `write` reads `Servable.calibration`, examples of the training split.
      takes_encoded: whether what it writes takes encoded features: `tfapp.export.encoder` then puts
        a program that encodes raw ones next to it.
      usage: of such a format, lines of Python that set `outputs` for `inputs`, a dict.
    """

    runtime: ClassVar[str] = ""
    calibrates: ClassVar[bool] = False
    takes_encoded: ClassVar[bool] = False
    usage: ClassVar[str] = ""

    @property
    @abc.abstractmethod
    def name(self):
        """str, a class attribute: the name of its versions' folder; not a number."""

    @abc.abstractmethod
    def write(self, servable, folder):
        """Writes the model.

        Args:
          servable: a `tfapp.export.servable.Servable`.
          folder: pathlib.Path of an empty folder that exists.

        Raises:
          OSError or tf.errors.OpError: it cannot be written.
        """

    @abc.abstractmethod
    def verify(self, servable, folder, examples):
        """Reads back what `write` wrote and compares its answers with the servable's.

        Args:
          servable: what was written.
          folder: where.
          examples: raw features, name -> NumPy [n, ...], n at least 1.

        Raises:
          TfappError: it cannot be read, or an answer differs; the message names the answer. See
            `tfapp.export.compare.check_answers`.
        """

    def load(self, folder):
        """Reads what `write` wrote, by the runtime that the format is for.

        Args:
          folder: of a version.

        Returns:
          run(arguments) -> {"outputs": array}, with the arguments of the signature `core`: name ->
          NumPy [batch, ...]. None, as here: the format has no such function, and its quality and
          speed are not measured.
        """
        del folder

    def versions_folder(self, folder):
        """Where versions 1, 2, ... go, given the run's export folder."""
        return folder / self.name

    def add_requests(self, servable, folder, examples):
        """Adds requests that a server may send itself, so that its first answer is no slow one.

        Called once `verify` has found the version to be right; by default nothing is added.

        Args:
          servable, folder, examples: as for `verify`.
        """
        del servable, folder, examples

    def trial(self, servable, folder, examples):
        """Checks before training that the model can be exported, on a single example.

        This delays the first step: override it to skip what cannot fail because of the model or
        the data. Arguments and errors are those of `write` and `verify`.
        """
        self.write(servable, folder)
        self.verify(servable, folder, examples)

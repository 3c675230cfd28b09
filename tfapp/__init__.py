"""tfapp trains a Keras model on your data and hands over a model that serves.

    import tfapp
    result = tfapp.run(tfapp.Config(dataset="digits", epochs=5))
    print(result.metrics["test"]["accuracy"], result.export_dir)

Importing the package is cheap: TensorFlow is loaded by the first call that needs it.
"""

from tfapp.config import Config
from tfapp.errors import TfappError
from tfapp.runtime import tf_settings
from tfapp.training.action import Action
from tfapp.training.triggers import EveryLoop, EverySeconds, EverySteps

__version__ = "0.3.0"
__all__ = [
    "Action",
    "Config",
    "EveryLoop",
    "EverySeconds",
    "EverySteps",
    "TfappError",
    "evaluate",
    "register_dataset",
    "register_model",
    "register_task",
    "run",
]


tf_settings.quiet()  # in time for a program that imports tensorflow next


def run(config, actions=()):
    """Trains, evaluates and exports as `config` says, and logs to stderr as the command line does.

    A program that has set up `logging` itself gets the log through its own handlers, from the
    logger "tfapp". Calling it again with the same configuration continues a run that was stopped,
    or returns the result of one that is finished; a model given as an object is left as it is.

    Args:
      config: a `tfapp.Config`, with mode="train".
      actions: `Action`s of your own, called between steps after the evaluations and before the
        checkpoints. What they raise passes as it is.

    Returns:
      A `tfapp.experiment.result.Result`, with
        metrics: split -> metric -> value; the splits are train, validation and test.
        model_dir: the run's folder.
        export_dir: the exported SavedModel.
        best_step: the step with the best validation result.
        model: the trained `keras.Model`.
        summary: what summary.json holds.
      None with only_check_args=True.

    Raises:
      TfappError: one of its subclasses, whose message is one line a user can act on. `Stopped`
        after a signal, such as Ctrl-C, that came while training: everything is saved.
    """
    from tfapp import api

    return api.run(config, actions)


def evaluate(model_dir, **fields):
    """Evaluates the weights that a run ended with.

    Args:
      model_dir: the run's folder.
      fields: of `Config`, where they differ from the run's: `split` (by default "test"), `dataset`
        and `model`, which have to be given again if they were objects.

    Returns:
      A dict: model_dir, step, split, and each metric by its name.

    Raises:
      TfappError: as `run`.
    """
    from tfapp import api

    return api.evaluate(model_dir, fields)


def register_model(name, target):
    """Makes `target` (a class, a function or "package.module:Name") known as `--model=name`."""
    from tfapp.models import MODELS

    return MODELS.register(name, target)


def register_dataset(name, target):
    """Makes `target` (a callable that returns arrays by split) known as `--dataset=name`."""
    from tfapp.data import DATASETS

    return DATASETS.register(name, target)


def register_task(name, target):
    """Makes `target`, a subclass of `tfapp.tasks.task.Task` or its path, a `--task`."""
    from tfapp.tasks import TASKS

    return TASKS.register(name, target)

"""tfapp trains a Keras model on your data and hands over a model that serves.

    import tfapp
    result = tfapp.run(tfapp.Config(dataset="digits", epochs=5))
    print(result.metrics["test"]["accuracy"], result.export_dir)

Importing the package is cheap: TensorFlow is loaded by the first call that needs it.
"""

from tfapp.config import Config
from tfapp.errors import TfappError
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
    "register_dataset",
    "register_model",
    "register_task",
    "run",
]


def run(config, actions=()):
    """Trains, evaluates and exports as `config` says.

    Args:
      config: a `tfapp.Config`.
      actions: `Action`s of your own, called between steps after the
        evaluations and before the checkpoints.

    Returns:
      A `tfapp.experiment.result.Result`: metrics by split, paths, and the trained `keras.Model`.

    Raises:
      TfappError: one of its subclasses, whose message is one line a user can act on.
    """
    from tfapp.runtime import tf_settings

    tf_settings.apply()
    from tfapp.modes import train

    return train.run(config, actions)


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

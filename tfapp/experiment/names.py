"""Checks every name on the command line against its registry, before a data set is opened.

A typo fails here: no data is read and nothing is downloaded.
"""

from tfapp import export, models, tasks
from tfapp.callbacks import writers
from tfapp.data import augmentation
from tfapp.flag_values import parse_arguments
from tfapp.training import optimizers, schedules


def check_names(config):
    """Checks all names that training uses.

    Raises:
      UsageError: a name is unknown (the message suggests the nearest known one), or an argument is
        not accepted.
    """
    check_model_names(config)
    export.check_names(config.export)
    writers.check_names(config.writers)


def check_model_names(config):
    """Checks the names that building and evaluating a model uses: all but --export and --writers.

    Raises:
      UsageError: as `check_names`.
    """
    if config.model != "auto":
        models.check_arguments(config.model, parse_arguments(config.model_arg, "model_arg"))
    recipe = ("class_weight", "label_smoothing", "threshold")
    tasks.check_names(
        config.task,
        config.loss,
        quantiles=config.quantiles,
        given=[name for name in recipe if vars(config)[name] not in ((), 0, "auto", "0.5")],
    )
    if config.optimizer != "auto":
        optimizers.check_name(config.optimizer)
    arguments = parse_arguments(config.schedule_arg, "schedule_arg")
    if config.schedule != "auto":
        schedules.check(config.schedule, arguments)
    augmentation.parse(config.augment)

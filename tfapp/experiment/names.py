"""Checks every name on the command line against its registry, before a data set is opened."""

from tfapp import export, models, tasks
from tfapp.callbacks import writers
from tfapp.data import augmentation
from tfapp.flag_values import parse_arguments
from tfapp.training import optimizers, schedules


def check_names(config):
    """Checks model, task, loss, optimizer, schedule, augmentation, export and writers.

    Costs no download and reads no data: a typo fails here.

    Raises:
      UsageError: an unknown name, with the nearest known one, or an argument nobody takes.
    """
    if config.model != "auto":
        models.check_arguments(config.model, parse_arguments(config.model_arg, "model_arg"))
    tasks.check_names(config.task, config.loss)
    optimizers.check_name(config.optimizer)
    schedules.check(config.schedule, parse_arguments(config.schedule_arg, "schedule_arg"))
    augmentation.parse(config.augment)
    export.check_names(config.export)
    writers.check_names(config.writers)

"""What a small table's model has beside its network: a linear model that answers with it.

Where rows are few the two err in different places, and the mean of their probabilities is better
than either. A quantity is better answered by the network alone. docs/recipes.md has the figures.
"""

from tfapp.data.splits.split_names import TRAIN
from tfapp.experiment.recipe.rules import is_small
from tfapp.spec import TABLE, kind_of_data

_ARGUMENTS = ("apart=0.5",)


def decide(config, data, kept):
    """{"model_arg": arguments} for a model of a small table that auto chooses; {}: its defaults.

    Args:
      config: a `Config`.
      data: a `Data`.
      kept: what an earlier start of the run decided; None: nothing yet.
    """
    label = data.spec.label
    of_classes = label.kind == "class" and kind_of_data(data.inputs, label) == TABLE
    if kept is not None or not of_classes or config.model != "auto" or config.model_arg:
        return {}
    rows = data.source.splits[TRAIN].num_examples
    return {"model_arg": _ARGUMENTS} if is_small(rows, len(data.inputs)) else {}

"""How large a model of a language is: it follows the length of the run, which the user may choose.

A larger model learns more from each token and sees fewer of them in the same time. docs/recipes.md
has the lengths at which one overtakes the other.
"""

from tfapp.data.splits.split_names import TRAIN
from tfapp.flag_values import parse_duration
from tfapp.spec import LANGUAGE, kind_of_data

_LONG = 600.0  # seconds of --time_budget
_LONG_TOKENS = 10_000_000  # that --steps or --epochs go through
_LARGER = ("width=192", "depth=6", "heads=6")  # 2.7 million weights instead of 0.8
_MANY_PASSES = 10  # over the text, from which a larger model needs dropout
_DROPOUT = "dropout=0.1"


def decide(config, data, kept):
    """{"model_arg": arguments} for a model of a language that auto chooses; {} for all others.

    Args:
      config: a `Config` whose recipe is filled in, or its `time_budget` given.
      data: a `Data`.
      kept: what an earlier start of the run decided; None: nothing yet.
    """
    if kept is not None:
        return {"model_arg": tuple(kept["model_arg"])} if "model_arg" in kept else {}
    is_language = kind_of_data(data.inputs, data.spec.label) == LANGUAGE
    if not is_language or config.model != "auto" or config.model_arg:
        return {}
    windows, length = data.source.splits[TRAIN].num_examples, data.inputs[0].shape[0]
    steps = config.steps or config.epochs * max(windows // config.batch_size, 1)
    tokens = steps * config.batch_size * length
    if not _is_long(config.time_budget, tokens):
        return {}
    passes = tokens / (windows * length)
    return {"model_arg": (*_LARGER, *((_DROPOUT,) if passes >= _MANY_PASSES else ()))}


def _is_long(budget, tokens):
    if budget:
        return parse_duration(budget, "time_budget", ("seconds",)).value >= _LONG
    return tokens >= _LONG_TOKENS

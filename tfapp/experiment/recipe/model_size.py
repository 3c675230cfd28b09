"""How large a model of a language is, and its dropout: both follow the length of the run.

A larger model learns more from each token and sees fewer of them in the same time; one that passes
over its text many times learns it by heart. docs/recipes.md has the reasons for the numbers.
"""

from tfapp.data.splits.split_names import TRAIN
from tfapp.flag_values import parse_duration
from tfapp.spec import LANGUAGE, kind_of_data

_LONG = 600.0  # seconds of --time_budget
_LONG_TOKENS = 10_000_000  # that --steps or --epochs go through
_LARGER = ("width=192", "depth=6", "heads=6")  # 2.7 million weights instead of 0.8
_DROPOUT = ((30, 0.2), (10, 0.1))  # passes over the text -> rate, from so many on


def decide(config, data, kept):
    """{"model_arg": arguments} for a model of a language that auto chooses; {}: its defaults.

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
    larger = _LARGER if _is_long(config.time_budget, tokens) else ()
    passes = tokens / (windows * length)
    rates = [f"dropout={rate}" for least, rate in _DROPOUT if passes >= least][:1]
    arguments = (*larger, *rates)
    return {"model_arg": arguments} if arguments else {}


def _is_long(budget, tokens):
    if budget:
        return parse_duration(budget, "time_budget", ("seconds",)).value >= _LONG
    return tokens >= _LONG_TOKENS

"""The teacher of a run: the model of a finished run, as its checkpoint has it.

Its architecture is built again by name, and its weights are read from its checkpoint, which is
proven whole: no code comes from the folder. It sees the batch that the model itself sees, encoded
and augmented, through the preprocessing that it was trained with.
"""

import tensorflow as tf

from tfapp.compression import low_rank
from tfapp.compression.distillation import Distillation, check_kind
from tfapp.data.splits.split_names import TRAIN
from tfapp.errors import UsageError
from tfapp.experiment.compress import check_shapes
from tfapp.experiment.model_outputs import check_outputs, find_reader
from tfapp.flag_values import parse_arguments
from tfapp.models import build_model
from tfapp.models.built import take_weights
from tfapp.models.ensemble import members_of

_EXAMPLES = 32  # on which outputs are looked at, where two of them may be probabilities


def build_teacher(run, config, data, task):
    """The `Distillation` by a `FinishedRun`.

    Args:
      run: the `FinishedRun` of --distill_from.
      config: a `Config`.
      data: a `Data`.
      task: the `Task` that is learnt.

    Raises:
      UsageError: it has learnt another label, takes other features, or cannot be built again.
    """
    label, split = data.spec.label, data.source.splits[TRAIN]
    check_kind(run.flag, label)
    _check_encoding(run, data.preprocess)

    def examples(count):
        rows = tf.range(min(count, split.num_examples), dtype=tf.int64)
        return run.fitted(split.fetch(rows))

    outputs, inputs = task.num_outputs(label), examples(2)
    try:
        model = build_model(
            run.model_name,
            parse_arguments(run.identity["model_arg"], "model_arg"),
            outputs=outputs,
            inputs=run.fitted.input_specs(data.spec),
        )
        result = model(inputs, training=False)
        take_weights(model, run.model_name)
        low_rank.factor(model, run.ranks)
    except UsageError as error:
        raise UsageError(f"{run.flag}: its model cannot be built again: {error}") from error
    check_outputs(run.model_name, result, label, inputs, members=members_of(model), outputs=outputs)
    check_shapes(run, model, run.weights())
    reader = find_reader(run.model_name, model, result, label, lambda: examples(_EXAMPLES))
    return Distillation(
        model=model,
        weights=run.weights,
        preprocess=run.fitted,
        read_outputs=reader,
        combine=task.combine,
        kind=label.kind,
        weight=config.distill_weight,
        temperature=config.distill_temperature,
    )


def _check_encoding(run, mine):
    """Raises UsageError unless a batch that is encoded for the model is one for the teacher."""
    theirs = run.fitted.to_json()
    mine = mine.to_json()
    for name, entry in theirs["features"].items():
        other = mine["features"][name]
        standardised = entry["kind"] == other["kind"] == "standardize"  # numbers stay as they are
        if entry != other and not standardised:
            raise UsageError(
                f"{run.flag}: the feature {name!r} is encoded otherwise there; use its --seed"
            )
    if theirs["target"] != mine["target"]:
        raise UsageError(f"{run.flag}: its label is scaled otherwise; use its --seed")

"""The end of a training run: the weights that count, final evaluation, export, summary."""

import logging
import math

from tfapp import export
from tfapp.data.splits.split_names import TEST, TRAIN, VALIDATION
from tfapp.errors import DivergedError
from tfapp.experiment.adjust import adjust
from tfapp.experiment.evaluations import most_of_train
from tfapp.experiment.kept import EXPORTED_STEP
from tfapp.experiment.model_facts import model_facts
from tfapp.experiment.selection import choose_weights
from tfapp.experiment.verdict import verdict
from tfapp.export.publish import export_all
from tfapp.run_folder import ADJUSTMENTS, EXPORT

_LOG = logging.getLogger("tfapp")


def finish(experiment, folder, checkpoints, servable, summary, *, monitor, reason):
    """Evaluates and exports the weights that count.

    Args:
      experiment: the trained `Experiment`.
      folder: the `RunFolder`.
      checkpoints: the run's `Checkpoints`.
      servable: the `Servable` of the run, or None if nothing is exported.
      summary: the `Summary`.
      monitor: name of the metric that decides which step is best.
      reason: of an early end, or "".

    Returns:
      a `Result`.

    Raises:
      DivergedError: the loss on the test split is not finite.
      StorageError: the export cannot be written.
    """
    if reason:
        _LOG.info("%s", reason)
    state = experiment.state
    step, why = choose_weights(experiment, checkpoints, monitor)
    if why:
        _LOG.info("weights: %s", why)
    experiment, adjustments = adjust(experiment)
    most = most_of_train(experiment.data.source, hurried=bool(experiment.config.time_budget))
    evaluated = {
        TRAIN: experiment.evaluate(TRAIN, most=most),
        **{split: experiment.evaluate(split) for split in (VALIDATION, TEST)},
    }
    loss = evaluated[TEST].metrics["loss"]
    if not math.isfinite(loss):
        raise DivergedError(
            f"the loss on test is {loss}: lower --learning_rate, or look at the data"
        )
    experiment.bad_examples.log()
    if servable is not None and adjustments:
        servable.answer_by(experiment.task)
    folder.write_json(ADJUSTMENTS, adjustments)
    found = verdict(experiment.data.source, experiment.task, evaluated[TEST])
    facts = model_facts(
        experiment, step=step, evaluated=evaluated, found=found, adjustments=adjustments,
        name=folder.path.name,
    )  # fmt: skip
    smaller = experiment.steps.compression.describe(state)
    facts["compression"] = smaller
    written = summary.write(
        "done",
        state.host,
        evaluated=evaluated,
        exported=_export(experiment, folder, servable, facts),
        reason=reason,
        more={
            EXPORTED_STEP: step,
            "temperature": adjustments.get("temperature", 1.0),
            "adjustments": adjustments,
            **found,
            **smaller,
        },
    )
    return summary.result(written)


def _export(experiment, folder, servable, facts):
    """Path of the exported SavedModel, or of the first format; None if nothing is exported."""
    weights = experiment.state.read_for_answers()  # all workers take part in it
    if servable is None:
        return None
    servable.assign(weights)
    paths = export_all(
        export.formats(experiment.config.export),
        servable,
        folder.path / EXPORT,
        experiment.data.examples,
        facts=facts,
        keep=experiment.config.export_keep,
    )
    for path in paths.values():
        _LOG.info("export: %s, read back and compared", path)
    return str(paths.get("savedmodel", next(iter(paths.values()))))

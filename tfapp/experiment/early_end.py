"""Whether a run has ended before its last step, so that repeating its command trains no further."""

from tfapp.callbacks.validation import EARLY_STOPPING


def early_end(host, summary, *, total_steps, early_stopping):
    """The reason why training ended early, or "" where there is something left to train.

    Training goes on if it is now to be longer, or more patient.

    Args:
      host: the `HostState` of the latest checkpoint.
      summary: the run's summary.json, or None: tfapp 0.1.0 kept the reason only there.
      total_steps: of the run, as its command says now.
      early_stopping: evaluations without improvement to wait for, 0: no end.
    """
    ended = host.ended
    if not ended and _is_of(summary, host.step):
        ended = {"reason": summary["reason"], "total_steps": summary["total_steps"]}
    if not ended or total_steps > ended["total_steps"]:
        return ""
    if ended["reason"].startswith(EARLY_STOPPING):
        waited = host.evaluations_without_improvement
        return ended["reason"] if 0 < early_stopping <= waited else ""
    return ended["reason"]


def _is_of(summary, step):
    done = summary is not None and summary["status"] == "done"
    return done and bool(summary["reason"]) and summary["steps"] == step

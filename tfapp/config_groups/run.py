"""The run itself: what is done, in which folder, from which seed."""

import dataclasses

from tfapp.config_fields import in_group

_flag = in_group("Run")


@dataclasses.dataclass(frozen=True)
class Run:
    """Fields of `tfapp.config.Config`."""

    # fmt: off
    mode: str = _flag("train",
        "train (then evaluate and export), eval, predict, export (again, in other formats) or "
        "serve (over HTTP) with a finished run, generate (continue texts by a language model), "
        "benchmark (how fast this configuration trains here), inspect (what the data set holds), "
        "doctor (what is wrong with this machine) or data_service (data workers for training "
        "elsewhere)",
        choices=(
            "train", "eval", "predict", "export", "generate", "serve", "benchmark", "inspect",
            "doctor", "data_service",
        ),
        resolved=False)
    model_dir: str = _flag("",
        "the run's folder; by default a new runs/DATASET-MODEL-N", resolved=False)
    resume: str = _flag("auto",
        "auto continues what is in the folder, never refuses to, must demands it",
        choices=("auto", "never", "must"), resolved=False)
    accept_changed_data: bool = _flag(False,
        "continue a run although its data set is not the one that it began with", resolved=False)
    seed: int = _flag(0,
        "seed of initial weights, order, splits and dropout",
        identity=True, least=0, most=2**31 - 1)
    max_time: str = _flag("",
        "saves and ends with exit code 143 before so much time (50m, 3h) has passed since the "
        "process started, for a scheduler's limit; repeating the command continues. --time_budget "
        "finishes the run instead; empty: no limit",
        units=("seconds",), words=("",), above=0, resolved=False)
    stop_signal: str = _flag("",
        "a signal that saves and ends with exit code 143, besides SIGTERM and SIGINT: USR1 for "
        "Slurm's --signal=USR1@120; empty: none", resolved=False)
    dry_run: bool = _flag(False, "run two steps of everything, keep nothing", resolved=False)
    only_check_args: bool = _flag(False, "check everything, run nothing", resolved=False)
    json: bool = _flag(False,
        "print the answer of benchmark, inspect or doctor as one JSON object", resolved=False)
    # fmt: on

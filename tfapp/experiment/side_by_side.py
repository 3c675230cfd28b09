"""Into how many parts a CPU divides its batches; see `tfapp.training.side_by_side`."""

import contextlib
import os

import tensorflow as tf

from tfapp.config_checks import COMPILE_BATCHES
from tfapp.distribution.devices import device_type
from tfapp.errors import UsageError
from tfapp.experiment import kept
from tfapp.experiment.devices import members
from tfapp.runtime import private_api, private_random
from tfapp.runtime.host import cores

# Networks whose examples do not meet, and in which many operations are too short for all cores:
# docs/benchmarks.md has what it gains. A batch normalisation needs the whole batch.
_WORTH_IT = frozenset(
    ("causal_transformer", "convnext_tiny", "gpt", "transformer", "vit_small", "vit_tiny")
)
_OF_TEXT = "gpt"  # what auto stands for where the data set is one text
_MOST = 4  # parts: each adds all operations of the model to the graph
_THREADS = "TF_NUM_INTRAOP_THREADS"  # of an operation, where a user has set it


def decide(config, model, *, num_replicas, begun):
    """{"cpu_parts": how many} where auto divides batches; of a batch that stays whole, {}.

    Args:
      config: a `Config` whose batch size is filled in.
      model: --model, or what auto stands for.
      num_replicas: that a batch is divided among.
      begun: what an earlier start of the run decided; None: nothing yet.
    """
    auto = config.cpu_parts == "auto" and config.xla not in COMPILE_BATCHES
    if not auto or num_replicas > 1 or device_type() != "CPU":
        return {}
    parts = _parts(config, model) if begun is None else begun.get("cpu_parts", 1)
    return {"cpu_parts": parts} if parts > 1 else {}


def parts_of(config):
    """The parts of each batch of a `Config` whose recipe is filled in: a GPU takes it whole."""
    return 1 if config.cpu_parts == "auto" or device_type() != "CPU" else config.cpu_parts


def check_model(model, parts):
    """Raises UsageError if a `keras.Model` cannot compute `parts` of a batch apart."""
    seeds = set(private_random.seed_positions(model))
    others = [v for i, v in enumerate(model.non_trainable_variables) if i not in seeds]
    if parts > 1 and others:
        raise UsageError(
            f"--cpu_parts={parts}: the model keeps what it sees of whole batches in "
            f"{private_api.path_of(others[0])}; drop it"
        )


def share_cores(config):
    """Limits an operation to its part's share of the cores, in a process of its own for a `Config`.

    To be called before TensorFlow makes its devices; nothing changes once it has.
    """
    if config.mode not in ("train", "benchmark") or config.xla in COMPILE_BATCHES:
        return
    parts = _expected(config)
    if (
        parts == 1
        or _THREADS in os.environ
        or tf.config.list_physical_devices("GPU")
        or config.logical_devices > 1
        or members(config) is not None
    ):
        return
    with contextlib.suppress(RuntimeError):  # the devices are made
        tf.config.threading.set_intra_op_parallelism_threads(-(-cores() // parts))


def _expected(config):
    """The parts of each batch, as far as flags and the run's folder tell."""
    if config.cpu_parts != "auto":
        return config.cpu_parts
    is_text = config.model == "auto" and config.dataset.startswith("text:")
    parts = _parts(config, _OF_TEXT if is_text else config.model)
    begun = kept.choices_in(config.model_dir) if parts > 1 and config.model_dir else {}
    return begun.get(kept.RECIPE, {}).get("cpu_parts", 1) if begun else parts


def _parts(config, model):
    """The largest power of two of parts for which there are cores and examples."""
    if model not in _WORTH_IT:
        return 1
    parts = _MOST
    while parts > 1 and (parts > cores() or not _divides(config, parts)):
        parts //= 2
    return parts


def _divides(config, parts):
    return config.batch_size == "auto" or config.batch_size % (config.accumulate * parts) == 0

"""What a run does to its model beyond training it: first weights, pruning, a teacher."""

import dataclasses

from tfapp.compression import low_rank
from tfapp.compression.pruning import MASKS, Pruning
from tfapp.compression.quantization import Quantization
from tfapp.compression.sparsity import sparsity_of
from tfapp.errors import UsageError
from tfapp.experiment.finished_run import FinishedRun
from tfapp.flag_values import parse_duration, parse_pattern
from tfapp.runtime import private_random
from tfapp.training.groups import TEACHER
from tfapp.training.teacher import Teacher


@dataclasses.dataclass(frozen=True)
class Compression:
    """Of one run and one length; nothing by default."""

    initial: FinishedRun | None = None  # with whose weights it begins; None: new ones
    pruning: Pruning | None = None
    teacher: Teacher | None = None
    quantize: str = "none"  # to which of `GRIDS` kernels are rounded, in training and export
    low_rank: float = 0.0  # error up to which dense layers become low-rank; 0: they stay
    ranks: tuple[int, ...] = ()  # of the dense layers, as an earlier start of the run chose them

    @property
    def after_update(self):
        """The `AfterUpdate` hooks."""
        return () if self.pruning is None else (self.pruning,)

    @property
    def complete_at(self):
        """Steps after which the model is as small as it will be; weights before do not count."""
        return 0 if self.pruning is None else self.pruning.end + 1

    def describe(self, state):
        """What has become of the weights of a `TrainState` that are exported; see docs.

        Returns:
          "sparsity": as of `sparsity_of`, if they are pruned.
          "low_rank": path of a layer -> {"shape": of its kernel, "rank"}, if there is one.
        """
        found = {}
        if self.pruning is not None:
            trainable, _ = state.read_for_answers()
            found["sparsity"] = sparsity_of(state.model, trainable)
        if ranks := low_rank.describe(state.model):
            found["low_rank"] = ranks
        return found

    def as_used(self, model):
        """(values of a model's trainable variables) -> those that it computes with; None: these."""
        return None if self.quantize == "none" else Quantization(model, self.quantize)

    def extra_groups(self, model):
        """The extra groups of a `TrainState`; call inside the strategy's scope."""
        groups = {} if self.pruning is None else {MASKS: self.pruning.masks(model)}
        return groups if self.teacher is None else {**groups, TEACHER: self.teacher.variables()}

    def begin(self, model):
        """Gives a model that has been called the layers and weights that it begins with.

        Raises:
          UsageError: they are of another model.
          DataError: they cannot be read.
        """
        if self.initial is None:
            low_rank.factor(model, self.ranks)
            return
        low_rank.factor(model, self.initial.ranks)
        values = self.initial.weights()
        check_shapes(self.initial, model, values)
        variables = (model.trainable_variables, model.non_trainable_variables)
        # The states of random number generators follow the run's own seed.
        drawn = private_random.seed_positions(model)
        for i, (mine, theirs) in enumerate(zip(*variables[1:], *values[1:], strict=True)):
            if i not in drawn:
                mine.assign(theirs)
        for mine, theirs in zip(variables[0], values[0], strict=True):
            mine.assign(theirs)
        if self.low_rank:
            low_rank.factor_within(model, self.low_rank)


def check_shapes(run, model, values):
    """Raises UsageError unless `values`, the weights of a `FinishedRun`, are those of a model."""
    for mine, theirs in zip(
        (model.trainable_variables, model.non_trainable_variables), values, strict=True
    ):
        if [tuple(v.shape) for v in mine] != [value.shape for value in theirs]:
            raise UsageError(
                f"{run.flag}: its model {run.model_name} has other weights than "
                f"{type(model).__name__} has here; use its --model and --model_arg"
            )


def pruning_of(config, batches):
    """The `Pruning` of a `Config` and its `BatchPlan`; None: nothing is pruned."""
    pattern = None
    if config.prune_pattern:
        pattern = parse_pattern(config.prune_pattern, "prune_pattern")
    elif not config.prune:
        return None
    last = batches.total_steps - 1
    begin = batches.steps(parse_duration(config.prune_begin, "prune_begin"))
    end = batches.steps(parse_duration(config.prune_end, "prune_end")) - 1
    if begin > max(end, 0) and end < last:
        raise UsageError(
            f"--prune_begin={config.prune_begin}: comes after --prune_end={config.prune_end}"
        )
    end = min(end, last)
    sparsity = config.prune if pattern is None else 1 - pattern[0] / pattern[1]
    return Pruning(sparsity, min(begin, end), end, pattern)

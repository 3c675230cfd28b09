"""What an action and its trigger see between two loops of steps."""

import dataclasses


@dataclasses.dataclass
class Moment:
    """The state of training after a loop of steps, equal on all workers.

    An action may set `stop` to a reason, which ends training.
    """

    step: int  # optimizer steps done
    total_steps: int
    steps: int  # of the loop that just ended
    seconds: float  # that loop took on the chief
    sums: dict[str, float]  # over the loop's examples: loss, metrics, count, skipped, input_wait
    last: bool  # no further step follows
    stop: str = ""
    now: float = 0.0  # seconds on the chief's clock, whose zero is arbitrary

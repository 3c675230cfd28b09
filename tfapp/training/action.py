"""What happens between two loops of steps: a callable, and when it is called."""

import dataclasses
import typing
from collections.abc import Callable

from tfapp.errors import UsageError
from tfapp.training.moment import Moment
from tfapp.training.trigger import Trigger


@dataclasses.dataclass(frozen=True)
class Action:
    """Calls `call(moment)` whenever `when` is due, and at the last step of the run.

        def report(moment):
            print(moment.step, moment.sums["loss"] / moment.sums["count"])
            if moment.step >= 1000:
                moment.stop = "seen enough"  # ends training; the reason is logged

        Action(EverySteps(100), report)

    `Moment` lists what `call` sees. Training waits for it, and an exception that it raises ends the
    run. The triggers are in `tfapp.training.triggers`; your own derives from `Trigger`. Every
    worker calls its own actions, at the same steps.

    Raises:
      UsageError: `when` is no `Trigger`, or `call` cannot be called.
    """

    when: Trigger
    call: Callable[[Moment], typing.Any]  # what it returns is ignored
    at_stop: bool = False  # also called when an earlier action has set moment.stop

    def __post_init__(self):
        if not isinstance(self.when, Trigger):
            raise UsageError(
                f"Action(when={self.when!r}): is not a Trigger; use EverySteps(100), "
                "EverySeconds(60) or EveryLoop()"
            )
        if not callable(self.call):
            raise UsageError(f"Action(call={self.call!r}): cannot be called with a Moment")

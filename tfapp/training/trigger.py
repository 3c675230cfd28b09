"""The contract of what decides when an action is due."""

import abc


class Trigger(abc.ABC):
    """Decides when something is due, from the step and the moment alone.

    Every worker has a trigger of its own, and all must come to the same answer: a trigger reads no
    clock, file or random number, but `Moment.now`, which the workers have agreed on. One that
    remembers earlier moments, such as `EverySeconds`, belongs to a single action.
    """

    @abc.abstractmethod
    def steps_left(self, step):
        """Steps from `step` to the next one at which this is due; no loop runs past it.

        Returns:
          an int of at least 1, or math.inf if steps do not matter.
        """

    @abc.abstractmethod
    def due(self, moment):
        """Whether it is due now: a bool.

        Asked once after each loop, except where training stops; the last moment of a run counts as
        due for every action, whatever this returns.

        Args:
          moment: a `Moment`.
        """

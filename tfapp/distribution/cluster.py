"""The processes that train one model together: who is chief, and what all agree on."""

import abc
import contextlib


class Cluster(abc.ABC):
    """One process's view of the workers, which run the same steps at the same time.

    What a worker measures by itself (times, free memory, signals) differs from worker to worker. It
    goes through `agree` or `any` before it decides how many steps a loop has, what is compiled or
    when training stops; otherwise the workers' collective operations do not match and all hang.

    `agree`, `gather`, `any` and `barrier` are collective: every worker calls the same ones in the
    same order. A cluster of several workers checks what it can of that, waits no longer than a
    deadline that it states, and raises a `PeerLost` once the deadline has passed or a worker is
    known to be gone. They cost a message between hosts: the outer loop affords one `agree` of a
    small value and one `any` a loop of steps.
    """

    @property
    @abc.abstractmethod
    def worker(self):
        """This worker's index: an int from 0 to num_workers - 1."""

    @property
    @abc.abstractmethod
    def num_workers(self):
        """How many workers there are: an int of at least 1."""

    @property
    def is_chief(self):
        """Whether this is worker 0, which decides, writes the run's folder and logs."""
        return self.worker == 0

    @abc.abstractmethod
    def agree(self, value):
        """The chief's `value`, on all workers; what the others pass is ignored.

        Args:
          value: what JSON can hold; tuples come back as lists, and floats are exact.
        """

    @abc.abstractmethod
    def gather(self, value):
        """What each worker passed, in the order of the workers, on all of them: a list.

        Args:
          value: as for `agree`.
        """

    @abc.abstractmethod
    def any(self, flag):
        """True on all workers if `flag` is true on at least one of them."""

    @abc.abstractmethod
    def barrier(self, name):
        """Returns once every worker has called it with the same `name`, a str."""

    @abc.abstractmethod
    def ending(self):
        """A context manager around all that the workers do together: they end together.

        Without an error it is left once every worker has come to its end. An error inside is told
        to the other workers, in which a `PeerLost` ends it; one that only follows from the failure
        of another worker becomes such a `PeerLost`.
        """


class SingleProcess(Cluster):
    """The smallest cluster: this process alone, which agrees with itself at no cost."""

    @property
    def worker(self):
        return 0

    @property
    def num_workers(self):
        return 1

    def agree(self, value):
        return value

    def gather(self, value):
        return [value]

    def any(self, flag):
        return bool(flag)

    def barrier(self, name):
        del name

    def ending(self):
        return contextlib.nullcontext()

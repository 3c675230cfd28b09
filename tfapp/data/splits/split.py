"""The contract of a split: examples by index, which is all that order and input engines need."""

import abc

from tfapp.data.splits.string_column import StringColumn


class Split(abc.ABC):
    """The examples 0 to num_examples - 1 of one split.

    An example is one value of every feature and of the label. Names are those of the `DataSpec`; a
    table's split may also hold `SAMPLE_WEIGHT`.
    """

    num_examples: int
    nbytes: int  # of all examples in memory, once decoded
    by_example: bool = False  # examples lie in files and are read one at a time, already encoded
    cuts_windows: bool = False  # whether `with_random_windows` may be called
    only_here: str = "it is held in memory"  # why no other process can read it; empty: any can
    groups: StringColumn | None = None  # equal values stay in one split; None: no groups

    @abc.abstractmethod
    def labels(self, name):
        """The labels as NumPy [num_examples, ...]; `name` is that of the label.

        Reads no features.
        """

    @abc.abstractmethod
    def subset(self, indices):
        """A split of the examples at `indices`, int64 [n], in that order."""

    @abc.abstractmethod
    def with_arrays(self, arrays):
        """The same examples with other arrays, name -> [num_examples, ...], held in memory."""

    @abc.abstractmethod
    def fetch(self, indices):
        """The examples at `indices`, int64 [n], as a dict of tensors [n, ...].

        Raises:
          DataError: one cannot be read, and --max_bad_examples is used up.
        """

    @abc.abstractmethod
    def examples(self, count):
        """The first `count` examples, or all if there are fewer: name -> NumPy [n, ...].

        Raises:
          DataError: as in `fetch`.
        """

    @abc.abstractmethod
    def sample(self, count):
        """Examples to compute statistics on: name -> array or column [n, ...].

        All of them where they are in memory; else at most `count`, evenly spread over the split.

        Raises:
          DataError: as in `fetch`.
        """

    @abc.abstractmethod
    def arrays(self):
        """The whole split in memory: name -> array, or column, [num_examples, ...].

        A split that is read by example also gives `example_loader.SERVED`.

        Raises:
          DataError: as in `fetch`.
        """

    @abc.abstractmethod
    def name_of(self, index):
        """What messages call the example at `index`, such as its file and row; a str."""

    def chunk_size(self, share):
        """How many examples one `load_chunk` reads at most; a divisor of `share`."""
        return share

    def load_chunk(self, positions, seeds=None):
        """The examples at `positions`, int64 [n], as a dict of tensors [n, ...].

        Called while a tf.data function is traced.

        Args:
          positions: with a static size, at most `chunk_size`.
          seeds: int64 [n], keys of random windows; ignored unless the split cuts them.
        """
        del seeds
        return self.fetch(positions)

    def load_chunk_elsewhere(self, positions, seeds=None):
        """As `load_chunk`, in a graph that any process can run which sees the same files.

        Where one of the examples cannot be read, `example_loader.SERVED` is -1 for all of them.

        Raises:
          NotImplementedError: `only_here` says why there is no such graph.
        """
        raise NotImplementedError(f"{type(self).__name__}: {self.only_here}")

    def with_random_windows(self):
        """The same examples, whose images are random windows, cut while they are decoded.

        Raises:
          NotImplementedError: `cuts_windows` is False.
        """
        raise NotImplementedError(f"{type(self).__name__} cuts no windows")

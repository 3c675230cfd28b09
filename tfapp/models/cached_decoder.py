"""The contract of a language model that keeps what it has read, so that a new token costs one step.

A model without it can generate too, by reading the whole context again for each token.
"""

import abc


class CachedDecoder(abc.ABC):
    """A causal model of tokens with a key-value cache of a fixed size.

    The cache is a tuple of tensors [batch, ...] whose shapes follow from the length that `read` was
    given. A row of a batch does not depend on the others. Both methods compute what the model's
    call does without dropout; they run inside a tf.function, with the weights of the model's own
    variables.
    """

    @abc.abstractmethod
    def read(self, ids):
        """Reads contexts from their beginning.

        Args:
          ids: int32 [batch, length], with any ids behind the end of a context that is shorter:
            what is there is not seen before it, and replaced by `step`.

        Returns:
          (logits [batch, length, vocabulary], cache).
        """

    @abc.abstractmethod
    def step(self, ids, positions, cache):
        """Reads one token more of each context.

        Args:
          ids: int32 [batch], the tokens.
          positions: int32 [batch], where they stand in their contexts, below the cache's length.
            All positions before must have been read.
          cache: of the calls before.

        Returns:
          (logits [batch, vocabulary] of the token after each, the new cache).
        """

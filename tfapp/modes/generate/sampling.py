"""How the next token is chosen from logits: the most probable one, or at random by a seed."""

import dataclasses

import numpy as np

from tfapp.data.preprocessing.tokens import FIRST_PIECE


@dataclasses.dataclass(frozen=True)
class Sampling:
    """What the flags ask for."""

    temperature: float  # by which logits are divided; 0: the most probable token
    top_k: int  # of how many most probable tokens one is chosen; 0: all
    seed: int

    def numbers_of(self, row, sample):
        """A generator of the random numbers of one text, whatever else is generated with it.

        Args:
          row: number of the prompt, from 0.
          sample: number of its continuation, from 0.
        """
        return np.random.Generator(
            np.random.Philox(np.random.SeedSequence([self.seed, row, sample]))
        )

    def choose(self, logits, generators):
        """The next tokens.

        Args:
          logits: float32 [batch, vocabulary].
          generators: one a row, each of which gives one number.

        Returns:
          int32 [batch], none of them padding or unknown.
        """
        logits = np.array(logits, np.float64)
        logits[:, :FIRST_PIECE] = -np.inf
        if not self.temperature:
            return logits.argmax(-1).astype(np.int32)
        logits /= self.temperature
        if 0 < self.top_k < logits.shape[1] - FIRST_PIECE:
            least = np.partition(logits, -self.top_k, axis=-1)[:, -self.top_k, None]
            logits = np.where(logits >= least, logits, -np.inf)
        weights = np.exp(logits - logits.max(-1, keepdims=True))
        sums = np.cumsum(weights, -1)
        drawn = np.array([generator.random() for generator in generators]) * sums[:, -1]
        # The first token whose sum is above; rounding must not lead beyond the last possible one.
        chosen = (sums <= drawn[:, None]).sum(-1)
        last = logits.shape[1] - 1 - np.isfinite(logits)[:, ::-1].argmax(-1)
        return np.minimum(chosen, last).astype(np.int32)

"""Continues contexts of tokens, with the model's cache or by reading the whole context each time.

A context is at most the window that the model was trained on. When it is full, its older half is
left out and the newer half is read from its beginning, with a cache and without: both compute the
same, and the model never sees more than in training.
"""

import numpy as np

from tfapp.data.preprocessing.tokens import PAD


class Contexts:
    """The contexts of a batch of texts."""

    def __init__(self, model, prompts, *, cache=True):
        """
        Args:
          model: a `tfapp.export.served_decoder.ServedDecoder`.
          prompts: ids of tokens, an int32 array for each row, none of them empty.
          cache: whether what has been read is kept, if the model can do so.
        """
        self._model, self._keeps = model, cache and model.has_cache
        self._tokens = [list(prompt[-model.window :]) for prompt in prompts]
        self._cache = None

    def logits(self):
        """Logits of the next token of each row, float32 [batch, vocabulary]."""
        window = self._model.window
        full = [len(tokens) > window for tokens in self._tokens]
        for i in np.flatnonzero(full):
            self._tokens[i] = self._tokens[i][-max(window // 2, 1) :]
        positions = np.array([len(tokens) - 1 for tokens in self._tokens], np.int32)
        if self._cache is None or any(full):
            ids = np.full((len(self._tokens), window), PAD, np.int32)
            for row, tokens in zip(ids, self._tokens, strict=True):
                row[: len(tokens)] = tokens
            logits, found = self._model.read(ids, positions)
            self._cache = found if self._keeps else None
        else:
            last = np.array([tokens[-1] for tokens in self._tokens], np.int32)
            logits, self._cache = self._model.step(last, positions, self._cache)
        return logits

    def append(self, ids):
        """Adds a token to each row: int32 [batch]."""
        for tokens, token in zip(self._tokens, ids.tolist(), strict=True):
            tokens.append(token)


def continued(model, prompts, generators, sampling, count):
    """Continues a batch of prompts.

    Args:
      model, prompts: see `Contexts`.
      generators: of random numbers, one a row.
      sampling: a `Sampling`.
      count: tokens to add.

    Returns:
      int32 [batch, count].
    """
    contexts, chosen = Contexts(model, prompts), []
    for _ in range(count):
        ids = sampling.choose(contexts.logits(), generators)
        contexts.append(ids)
        chosen.append(ids)
    return np.stack(chosen, -1)

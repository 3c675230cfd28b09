"""Compares the steps of an exported language model with those of the trained one, and its call."""

import numpy as np

from tfapp.data.preprocessing.tokens import PAD
from tfapp.errors import UsageError
from tfapp.export.compare import check_answers
from tfapp.export.served_decoder import ServedDecoder

_EXACT = 1e-5  # absolute and relative, of what computes in float32
_LOOSE = 0.05  # of the largest logit: of models that compute in bfloat16, too


def check_decoding(folder, servable, examples):
    """Reads the first half of a text, and one token more.

    Args:
      folder: of the exported version.
      servable: the `Servable` it was made from; nothing is done if that has no cache.
      examples: raw features, name -> NumPy [n, ...].

    Raises:
      UsageError: the cache of the model's `CachedDecoder` changes its logits.
      TfappError: the exported model has others than the trained one.
    """
    if not servable.decodes:
        return
    (ids,) = (encoded.numpy()[:1] for encoded in servable.encode(examples).values())
    length = int((ids != PAD).sum())
    if length < 2:
        return
    last = length // 2 - 1
    beginning = np.where(np.arange(ids.shape[1]) <= last, ids, PAD)
    positions, next_ids = np.array([last], np.int32), ids[:, last + 1]
    model = ServedDecoder(folder)
    first, cache = model.read(beginning, positions)
    second, _ = model.step(next_ids, positions + 1, cache)
    expected, kept = servable.read(beginning)
    one_more, _ = servable.step(next_ids, positions + 1, kept)
    found = np.stack([first[0], second[0]])
    expected = np.stack([expected[0, last], one_more[0]]).astype(np.float32)
    # In bfloat16 and float16 TensorFlow's optimizer of graphs fuses steps, each of which rounds.
    exact = all(part.dtype == np.float32 for part in kept)
    tolerance = _EXACT if exact else _LOOSE * np.abs(expected).max()
    check_answers(folder, {"logits": found}, {"logits": expected}, tolerance=tolerance)
    called = np.asarray(servable.numeric(servable.encode(examples)), np.float32)
    called = called[0, last : last + 2]
    if not np.allclose(found, called, rtol=0, atol=_LOOSE * np.abs(called).max()):
        raise UsageError(
            f"--export=savedmodel: the model {servable.model_name} gives other logits by `read` "
            "and `step` than when it is called; fix them, or leave CachedDecoder out"
        )

"""A language model's cache is compared with its call before it is exported."""

import numpy as np
import pytest

from tests.language_models import make_servable
from tfapp.errors import UsageError
from tfapp.export.publish import try_export
from tfapp.models.gpt import GPT

EXAMPLES = {"text": np.array(["abcdefgh", "a"], object)}


@pytest.mark.slow
def test_a_sound_cache_is_exported():
    try_export(["savedmodel"], make_servable("gpt"), EXAMPLES)


@pytest.mark.slow
def test_a_cache_that_changes_the_logits_is_refused(monkeypatch):
    step = GPT.step
    monkeypatch.setattr(GPT, "step", lambda self, ids, at, cache: step(self, ids, at - 1, cache))
    with pytest.raises(UsageError, match=r"GPT .*gives other logits by `read` and `step`"):
        try_export(["savedmodel"], make_servable("gpt"), EXAMPLES)

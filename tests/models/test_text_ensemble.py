"""Encoders and bags of n-grams are members of one model, each with outputs of its own."""

import numpy as np
import pytest

from tfapp.errors import UsageError
from tfapp.models import build_model


@pytest.mark.parametrize("encoders, bags", [(1, 1), (2, 0), (0, 1)])
def test_each_member_has_outputs_of_its_own(tokens, make_ids, encoders, bags):
    arguments = {"encoders": encoders, "bags": bags, "width": 8, "filters": 4}
    model = build_model("text_ensemble", arguments, outputs=3, inputs=(tokens,))
    ids = make_ids(5)
    out = model(ids).numpy()
    assert out.shape == (5, encoders + bags, 3)
    assert model.members == encoders + bags
    padded = model(np.pad(ids, ((0, 0), (0, 3)))).numpy()
    assert padded == pytest.approx(out, abs=1e-5)


@pytest.mark.parametrize("arguments", [{"encoders": 0, "bags": 0}, {"encoders": -1}])
def test_there_must_be_a_member(tokens, arguments):
    with pytest.raises(UsageError, match=r"encoders=.*, bags=.*: one of them must be at least 1"):
        build_model("text_ensemble", arguments, outputs=3, inputs=(tokens,))

"""Muon takes the matrices inside the blocks; tables, the output layer and vectors go to AdamW."""

import keras
import numpy as np
import pytest

from tfapp.models import build_model
from tfapp.models.hidden_matrices import hidden_matrices

TINY = {"width": 16, "depth": 2, "heads": 2}


@pytest.mark.parametrize("name", ["gpt", "causal_transformer", "transformer"])
def test_of_transformers_the_kernels_of_the_blocks(tokens, make_ids, name):
    model = build_model(name, TINY, outputs=30, inputs=(tokens,))
    model(make_ids(1))
    inside = {id(v) for block in model.blocks for v in block.trainable_variables}
    found = hidden_matrices(model)
    assert len(found) == 2 * 4
    assert {v.name for v in found} == {"kernel"}
    assert all(id(v) in inside for v in found)


def test_of_a_plain_network_all_but_the_output_layer():
    layers = [keras.layers.Embedding(9, 4), keras.layers.Flatten(), keras.layers.Dense(5)]
    model = keras.Sequential([*layers, keras.layers.Dense(6), keras.layers.Dense(2)])
    model(np.zeros((1, 3), "i4"))
    assert [tuple(v.shape) for v in hidden_matrices(model)] == [(12, 5), (5, 6)]


def test_a_run_with_muon_keeps_velocities_for_the_others_only(make_experiment):
    """AdamW's second slot shows which weights it updates."""
    built = make_experiment(
        dataset="synthetic:6x6x1:4:64", model="mlp", batch_size=32, optimizer="muon", xla="off"
    )
    optimizer, weights = built.state.optimizer, built.state.model.trainable_variables
    with_velocity = [v is not None for v in optimizer.adam_velocities]
    assert [len(w.shape) for w in weights] == [2, 1, 2, 1]
    assert with_velocity == [False, True, True, True]

"""What auto stands for: forced by any flag, divided among replicas, kept by a run."""

import dataclasses
import json
import pathlib
import types

import numpy as np
import pytest

import tfapp
from tfapp.config import Config
from tfapp.experiment.recipe.fill_in import FIELDS, fill_in, in_words
from tfapp.experiment.recipe.rules import Recipe
from tfapp.models import MODELS, recipe_of
from tfapp.seed_recipe import SEED
from tfapp.spec import (
    IMAGES,
    LANGUAGE,
    TABLE,
    TEXTS,
    VECTORS,
    DataSpec,
    FeatureSpec,
    InputSpec,
    LabelSpec,
    kind_of_data,
)

INPUTS = {
    TABLE: [InputSpec("a", "numeric", (), "float32"), InputSpec("b", "ids", (), "int32", 9)],
    VECTORS: [InputSpec("a", "numeric", (8,), "float32")],
    IMAGES: [InputSpec("a", "image", (32, 32, 3), "float32")],
    TEXTS: [InputSpec("a", "tokens", (16,), "int32", 90)],
    LANGUAGE: [InputSpec("a", "tokens", (16,), "int32", 90)],
}
CONFIG = Config(dataset="csv:a.csv")


def make_data(kind, examples, *, real=False):
    """What `fill_in` reads of a `Data`; `real`: whose label is a quantity."""
    label = LabelSpec("y", "tokens" if kind == LANGUAGE else "class", 3, ("a", "b", "c"))
    if real:
        label = LabelSpec("y", "real")
    shape = INPUTS[IMAGES][0].shape
    feature = ("image", shape, "uint8") if kind == IMAGES else ("numeric", (), "float32")
    spec = DataSpec("data", (FeatureSpec("a", *feature),), label)
    draw = np.random.default_rng(0)

    def subset(rows):
        images = draw.integers(0, 256, (len(rows), *shape), np.uint8)
        arrays = {"a": images, "y": rows % 3}
        return types.SimpleNamespace(arrays=lambda: arrays)

    split = types.SimpleNamespace(num_examples=examples, subset=subset)
    source = types.SimpleNamespace(splits={"train": split})
    return types.SimpleNamespace(source=source, inputs=INPUTS[kind], spec=spec)


def test_a_preset_may_have_a_recipe_of_its_own():
    """What it leaves open is the rule's, and what is given stays."""
    data = make_data(TABLE, 3000)
    rule, _ = fill_in(CONFIG, data, num_replicas=1, model="tabm")
    own, decided = fill_in(CONFIG, data, num_replicas=1, model="linear")
    hints = MODELS.get("linear").recipe
    assert hints
    assert {name: decided[name] for name in hints} == hints
    assert {name: vars(own)[name] for name in FIELDS if name not in hints} == {
        name: vars(rule)[name] for name in FIELDS if name not in hints
    }
    config = dataclasses.replace(CONFIG, learning_rate=0.5, batch_size=4 * own.batch_size)
    assert fill_in(config, data, num_replicas=1, model="linear")[0].learning_rate == 0.5
    config = dataclasses.replace(CONFIG, batch_size=4 * own.batch_size)
    filled, _ = fill_in(config, data, num_replicas=1, model="linear")
    assert filled.learning_rate == 2 * hints["learning_rate"]


@pytest.mark.parametrize("name", MODELS.names())
def test_recipes_of_presets_name_fields_of_a_recipe(name):
    assert set(recipe_of(name)) <= {field.name for field in dataclasses.fields(Recipe)}


@pytest.mark.parametrize("kind", list(INPUTS))
@pytest.mark.parametrize("examples", [1, 7, 150, 3000, 60_000, 10**7])
def test_every_size_of_every_kind_has_a_recipe_that_can_run(kind, examples):
    assert kind_of_data(INPUTS[kind], make_data(kind, examples).spec.label) == kind
    filled, decided = fill_in(CONFIG, make_data(kind, examples), num_replicas=1, model="mlp")
    assert set(decided) - {"model_arg"} == set(FIELDS)
    assert "auto" not in [vars(filled)[name] for name in FIELDS]
    assert 1 <= filled.batch_size <= examples
    steps = filled.epochs * (examples // filled.batch_size)
    evaluations = steps / int(filled.evaluate_every)
    assert evaluations >= min(10, steps)
    assert evaluations <= max(filled.epochs, 120)


@pytest.mark.parametrize("kind", list(INPUTS))
def test_small_data_gets_enough_steps(kind):
    filled, _ = fill_in(CONFIG, make_data(kind, 320), num_replicas=1, model="mlp")
    assert filled.epochs * (320 // filled.batch_size) >= 300


def test_what_is_given_stays_and_the_rest_follows_it():
    data = make_data(TABLE, 10_000)
    free, _ = fill_in(CONFIG, data, num_replicas=1, model="mlp")
    config = dataclasses.replace(CONFIG, batch_size=4 * free.batch_size, epochs=3, optimizer="sgd")
    filled, decided = fill_in(config, data, num_replicas=1, model="mlp")
    assert (filled.batch_size, filled.epochs) == (config.batch_size, 3)
    assert filled.optimizer == "sgd"
    assert decided.keys().isdisjoint({"batch_size", "epochs", "optimizer"})
    assert filled.learning_rate == pytest.approx(2 * free.learning_rate, rel=0.05)


def test_a_model_for_which_the_rule_does_not_suit_has_its_own_values():
    data = make_data(IMAGES, 10_000)
    rule, _ = fill_in(CONFIG, data, num_replicas=1, model="convnet")
    filled, _ = fill_in(CONFIG, data, num_replicas=1, model="vit_tiny")
    assert filled.learning_rate == recipe_of("vit_tiny")["learning_rate"]
    assert filled.learning_rate < rule.learning_rate
    assert filled.epochs == rule.epochs
    forced = dataclasses.replace(CONFIG, learning_rate=0.125)
    assert fill_in(forced, data, num_replicas=1, model="vit_tiny")[0].learning_rate == 0.125


def test_labels_are_smoothed_only_where_the_task_can_do_so():
    data = make_data(IMAGES, 1000)
    filled, _ = fill_in(CONFIG, data, num_replicas=1, model="convnet")
    assert filled.label_smoothing > 0
    own = dataclasses.replace(CONFIG, task="my.module:Task")
    assert fill_in(own, data, num_replicas=1, model="convnet")[0].label_smoothing == 0
    data = make_data(IMAGES, 1000, real=True)
    assert fill_in(CONFIG, data, num_replicas=1, model="convnet")[0].label_smoothing == 0


def test_the_batch_divides_among_replicas_and_micro_batches():
    config = dataclasses.replace(CONFIG, accumulate=3)
    filled, _ = fill_in(config, make_data(TABLE, 5000), num_replicas=2, model="mlp")
    assert filled.batch_size % 6 == 0


def test_a_recipe_that_was_decided_is_kept():
    data = make_data(TABLE, 5000)
    _, decided = fill_in(CONFIG, data, num_replicas=1, model="mlp")
    data = make_data(TABLE, 9000)
    filled, again = fill_in(
        CONFIG, data, num_replicas=1, model="mlp", kept={**decided, "epochs": 17}
    )
    assert filled.epochs == again["epochs"] == 17
    line = in_words(again, data, in_steps=False)
    assert line.startswith("epochs 17, batch_size ")
    assert in_words(again, data, in_steps=True).startswith("batch_size ")
    assert line.endswith(" (auto: table, 9,000 examples)")


def test_what_a_rehearsal_found_is_kept():
    data = make_data(TABLE, 5000)
    config = dataclasses.replace(CONFIG, learning_rate="find", time_budget="10m")
    filled, decided = fill_in(config, data, num_replicas=1, model="mlp")
    assert (filled.learning_rate, filled.steps) == ("find", 0)
    kept = {**decided, "learning_rate": 0.125, "steps": 77}
    filled, _ = fill_in(config, data, num_replicas=1, model="mlp", kept=kept)
    assert (filled.learning_rate, filled.steps) == (0.125, 77)


def test_the_seed_network_has_the_recipe_that_it_always_had():
    for config in (Config(), Config(model="mlp")):
        assert {name: vars(config)[name] for name in SEED} == SEED
        assert fill_in(config, make_data(VECTORS, 1437), num_replicas=1, model="mlp") == (
            config,
            {},
        )
    assert Config(epochs=3).epochs == 3
    assert Config(model="cnn").epochs == "auto"


def test_a_run_continues_with_the_recipe_that_it_began_with(tmp_path):
    rows = "\n".join(f"{i % 7},{'ab'[i % 7 > 3]}" for i in range(120))
    pathlib.Path("people.csv").write_text(f"size,y\n{rows}\n")
    config = Config(
        dataset="csv:people.csv", label="y", model_dir=str(tmp_path / "run"), steps=12,
        schedule="constant", xla="off", precision="float32", export=("none",),
    )  # fmt: skip
    tfapp.run(config)
    choices = tmp_path / "run" / "choices.json"
    kept = json.loads(choices.read_text())
    assert set(kept["recipe"]) - {"model_arg"} == set(FIELDS) - {"schedule"}
    kept["recipe"]["evaluate_every"] = "5"
    choices.write_text(json.dumps(kept))
    tfapp.run(dataclasses.replace(config, steps=24))
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    assert [r["step"] for r in records if r["split"] == "validation"][-3:] == [15, 20, 24]

"""The rule of tables follows rows and columns."""

import pytest

from tfapp.experiment.recipe.rules import recipe_for
from tfapp.spec import TABLE, LabelSpec

CLASSES = LabelSpec("y", "class", 2, ("a", "b"))
AMOUNT = LabelSpec("y", "real")


def test_the_smaller_a_table_the_stronger_the_decay_and_the_lower_the_rate():
    recipes = [recipe_for(TABLE, rows, 8, CLASSES) for rows in (100, 900, 2000, 20_000, 10**6)]
    decays = [recipe.weight_decay for recipe in recipes]
    rates = [recipe.learning_rate for recipe in recipes]
    assert decays == sorted(decays, reverse=True) and len(set(decays)) == 5
    assert rates == sorted(rates) and len(set(rates)) == 3


def test_many_columns_count_as_fewer_rows():
    few, many = (recipe_for(TABLE, 1200, columns, CLASSES) for columns in (10, 50))
    assert many.weight_decay > 3 * few.weight_decay
    assert many.learning_rate < few.learning_rate
    assert many.steps == few.steps
    assert recipe_for(TABLE, 1200, 1, CLASSES) == few
    assert recipe_for(TABLE, 1200, 1000, CLASSES) == many


@pytest.mark.parametrize("rows", [1, 500, 3000])
def test_a_quantity_trains_longer_only_on_large_tables(rows):
    assert recipe_for(TABLE, rows, 8, AMOUNT) == recipe_for(TABLE, rows, 8, CLASSES)
    large = [recipe_for(TABLE, 30_000, 8, label).steps for label in (AMOUNT, CLASSES)]
    assert large[0] > large[1]


@pytest.mark.parametrize("label", [CLASSES, AMOUNT])
@pytest.mark.parametrize("rows", [20, 64, 100, 159, 300, 999])
def test_however_few_the_rows_they_are_learnt_for_as_many_steps(rows, label):
    recipe = recipe_for(TABLE, rows, 8, label)
    in_epoch = max(rows // min(recipe.batch_size, rows), 1)
    assert recipe.most_epochs * in_epoch >= recipe.steps

"""A run draws random numbers as it began, also where that was before there was a choice."""

import json

import pytest

from tfapp import flags
from tfapp.experiment.assemble import assemble
from tfapp.run_folder import open_run_folder


@pytest.mark.parametrize("draws, by_keras", [("counter", False), ("keras", True), (None, True)])
def test_a_run_draws_as_it_began(make_config, draws, by_keras):
    config = make_config(xla="off", precision="float32")
    with_folder = flags.folder_arguments(config)
    folder = open_run_folder(**with_folder)
    assert not assemble(config, folder).steps.options.keras_draws
    path = folder.path / "choices.json"
    kept = json.loads(path.read_text())
    assert kept.pop("draws") == "counter"
    path.write_text(json.dumps({**kept, "draws": draws} if draws else kept))
    for _ in range(2):  # what is written back says the same
        assert assemble(config, folder).steps.options.keras_draws == by_keras
    folder.close()

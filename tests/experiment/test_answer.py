"""What is printed at the end of a run."""

import types

from tfapp.experiment.answer import answer


def result(*, kept=True, **changes):
    summary = {
        "best": {"metric": "loss", "step": 40, "value": 0.5, "last_value": 0.625},
        "steps": 1200, "exported_step": 40, "examples_per_second": None,
        "metrics": {"test": {"loss": 0.5, "accuracy": 0.75}},
        "intervals": {"test": {"accuracy": [0.7, 0.8]}},
        "trivial": {"accuracy": 0.5, "log_loss": 1.0},
        "worst_class": {"name": "b", "recall": 0.25, "examples": 1236},
        **changes,
    }  # fmt: skip
    summary["metrics"]["test"]["log_loss"] = 0.5
    return types.SimpleNamespace(
        summary=summary,
        metrics=summary["metrics"],
        model_dir="run" if kept else None,
        export_dir="run/export/1",
    )


def test_the_lines_of_a_run():
    assert answer(result()).splitlines() == [
        "test        loss 0.5000  accuracy 0.7500  log_loss 0.5000",
        "on test     accuracy 0.7500 (95%: 0.7000 to 0.8000); always the same answer: 0.5000",
        "            log_loss 0.5000; always the same answer: 1.0000",
        "worst class b: recall 0.250 (309 of 1,236)",
        "weights     step 40 of 1,200: loss of validation 0.5000, of the last step 0.6250",
        "run         run",
        "export      run/export/1",
    ]


def test_a_summary_of_an_older_version_has_fewer_lines():
    old = result(kept=False)
    for name in ("intervals", "trivial", "worst_class", "exported_step"):
        del old.summary[name]
    assert [line.split()[0] for line in answer(old).splitlines()] == ["test"]


def test_the_last_step_is_not_compared_with_itself():
    lines = answer(result(exported_step=1200)).splitlines()
    assert "weights     step 1,200 of 1,200" in lines

"""Which placements and precisions are tried: forced, kept, or those that suit device and model."""

import keras
import pytest

from tests.models_for_tests import Normalised
from tfapp.errors import UsageError
from tfapp.experiment.calibration import candidates
from tfapp.experiment.calibration.candidates import first_precision, list_candidates
from tfapp.experiment.calibration.choose import Question


@pytest.fixture(autouse=True)
def processor_is(monkeypatch):
    """processor_is(*flags): the processor has these features; none by default."""

    def put(*flags):
        monkeypatch.setattr(candidates, "processor_flags", lambda: set(flags))

    put()
    return put


@pytest.fixture(scope="module")
def dense():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])


@pytest.fixture(scope="module")
def convolutional():
    return keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(2, 3)])


def ask(precision="auto", placement="auto", kept=None):
    return Question(precision, placement, kept or {}, measure=True, deterministic=False)


def pairs(question, model, **changes):
    """(placement, precision) of each candidate, on one CPU with a resident engine by default."""
    machine = {"num_replicas": 1, "engine": "resident", "device_type": "CPU", "batch_size": 32}
    found = list_candidates(question, model, **{**machine, **changes})
    return [(candidate.placement, candidate.precision) for candidate in found]


def placements(model, **changes):
    return [placement for placement, _ in pairs(ask(), model, **changes)]


def test_parts_of_a_batch_are_compiled_by_nothing(dense):
    assert placements(dense, parts=2) == ["update"]
    assert pairs(ask(placement="off"), dense, parts=2) == [("off", "float32")]


@pytest.mark.parametrize(
    "placement, changes, reason",
    [
        ("loop", {"num_replicas": 2}, "2 replicas cannot share one XLA program"),
        ("step", {"num_replicas": 2}, "2 replicas cannot share one XLA program"),
        ("loop", {"engine": "stream"}, "the stream engine feeds every step from the host"),
    ],
)
def test_a_forced_placement_that_cannot_work_is_refused(dense, placement, changes, reason):
    with pytest.raises(UsageError) as caught:
        pairs(ask(placement=placement), dense, **changes)
    assert str(caught.value).startswith(f"--xla={placement}: {reason}; use one of ")


def test_a_layer_that_reduces_across_replicas_excludes_gradients():
    model = keras.Sequential([keras.Input((8, 8, 1)), Normalised(synchronized=True)])
    with pytest.raises(UsageError, match="--xla=gradients: synchronised batch normalisation"):
        pairs(ask(placement="gradients"), model, num_replicas=2)
    assert placements(model, num_replicas=2) == ["update", "off"]


def test_a_forced_choice_is_the_only_candidate(dense, processor_is):
    processor_is("amx_bf16")
    forced = ask("bfloat16", "gradients")
    assert pairs(forced, dense, num_replicas=2) == [("gradients", "bfloat16")]


def test_a_kept_choice_is_the_only_candidate(dense, processor_is):
    processor_is("amx_bf16")
    kept = {"precision": "float32", "xla": "step"}
    assert pairs(ask(kept=kept), dense) == [("step", "float32")]
    assert first_precision(ask(kept={"precision": "bfloat16"})) == "bfloat16"


def test_a_kept_placement_that_no_longer_works_is_chosen_anew(dense):
    found = pairs(ask(kept={"precision": "float32", "xla": "loop"}), dense, engine="stream")
    assert found == [(name, "float32") for name in placements(dense, engine="stream")]
    assert "loop" not in placements(dense, engine="stream")


@pytest.mark.parametrize("flag", ["amx_bf16", "avx512_bf16"])
def test_bfloat16_needs_a_processor_with_units_for_it(dense, processor_is, flag):
    assert {precision for _, precision in pairs(ask(), dense)} == {"float32"}
    processor_is("avx2", flag)
    assert ("update", "bfloat16") in pairs(ask(), dense)
    assert first_precision(ask()) == "float32"


def test_bfloat16_stays_out_of_xla_programs_on_a_cpu(dense, processor_is):
    processor_is("amx_bf16")
    with_bfloat16 = [place for place, precision in pairs(ask(), dense) if precision == "bfloat16"]
    assert with_bfloat16 == ["update"]
    assert pairs(ask(placement="loop"), dense) == [("loop", "float32"), ("loop", "bfloat16")]


def test_convolutions_on_a_cpu_stay_out_of_xla(convolutional, dense):
    assert placements(convolutional) == ["update", "off"]
    assert placements(dense) == ["loop", "update", "step", "gradients"]


def test_large_products_on_a_cpu_try_onednn_first(dense):
    assert placements(dense, batch_size=10_000_000)[0] == "update"


def test_of_a_large_state_on_a_cpu_the_update_alone_is_compiled(dense, convolutional):
    assert placements(dense, large=True) == ["update"]
    assert placements(convolutional, large=True) == ["update", "off"]
    on_gpu = pairs(ask(precision="float32"), dense, large=True, device_type="GPU")
    assert on_gpu[0] == ("loop", "float32")


def test_several_replicas_have_no_loop_around_them(dense, convolutional):
    assert placements(dense, num_replicas=2) == ["update", "gradients"]
    assert placements(convolutional, num_replicas=2) == ["update", "off"]


@pytest.mark.parametrize("capability, precisions", [((7, 5), 1), ((8, 0), 2), (None, 1)])
def test_bfloat16_needs_a_gpu_with_tensor_cores_for_it(
    convolutional, monkeypatch, capability, precisions
):
    config = candidates.tf.config
    monkeypatch.setattr(config, "list_physical_devices", lambda kind: [kind])
    details = {"compute_capability": capability} if capability else {}
    monkeypatch.setattr(config.experimental, "get_device_details", lambda gpu: details)
    found = pairs(ask(), convolutional, device_type="GPU")
    assert len({precision for _, precision in found}) == precisions
    assert found[0] == ("loop", "float32")


def test_a_teacher_with_convolutions_keeps_its_student_out_of_the_compiled_loop(
    dense, convolutional
):
    assert placements(dense)[0] == "loop"
    assert placements(dense, teacher=convolutional) == placements(convolutional)

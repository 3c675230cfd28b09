"""--strategy: names, devices, and what does not divide."""

import pytest
import tensorflow as tf

from tfapp.config import FLAGS
from tfapp.distribution import collective
from tfapp.distribution.cluster import SingleProcess
from tfapp.distribution.devices import DeviceOptions, configure
from tfapp.distribution.strategy import STRATEGIES, Wanted, build_distribution
from tfapp.errors import UsageError


def build(strategy, logical_devices=0, batch_size=32):
    return build_distribution(
        strategy=strategy,
        wanted=Wanted(DeviceOptions(logical_devices=logical_devices)),
        batch_size=batch_size,
        deterministic=False,
    )


def test_the_choices_are_the_registered_names():
    assert sorted(FLAGS["strategy"].choices) == STRATEGIES.names()


@pytest.mark.parametrize(
    "strategy, devices, replicas, reason",
    [
        ("auto", 0, 1, "one CPU"),
        ("auto", 2, 2, "2 CPUs"),
        ("one", 2, 1, "one CPU"),
        ("mirrored", 2, 2, "2 CPUs"),
    ],
)
def test_replicas_of_a_strategy(strategy, devices, replicas, reason):
    built = build(strategy, devices)
    assert built.strategy.num_replicas_in_sync == replicas
    assert built.reason == reason
    assert isinstance(built.cluster, SingleProcess)


def test_a_single_device_may_be_mirrored_where_it_is_asked_for():
    built = build("mirrored", 1)
    assert built.strategy.num_replicas_in_sync == 1
    assert isinstance(built.strategy, tf.distribute.MirroredStrategy)


@pytest.mark.parametrize("chosen, replicas", [((), 3), ((2,), 1), ((0, 2), 2)])
def test_devices_are_chosen_by_number(chosen, replicas):
    wanted = Wanted(DeviceOptions(chosen=chosen, logical_devices=3))
    built = build_distribution(strategy="auto", wanted=wanted, batch_size=6, deterministic=False)
    assert built.strategy.num_replicas_in_sync == replicas


@pytest.mark.parametrize(
    "options, message",
    [
        ({"chosen": (3,), "logical_devices": 3}, "--devices=3: there are 3 logical devices of the"),
        ({"chosen": (1,)}, "--devices=1: there is one device, the CPU; drop it"),
        ({"memory_growth": True}, "--gpu_memory_growth: TensorFlow sees no GPU here"),
        ({"memory_limit": 100}, "--gpu_memory_limit: TensorFlow sees no GPU here"),
    ],
)
def test_devices_that_are_not_there_are_refused(options, message):
    with pytest.raises(UsageError, match=message):
        configure(DeviceOptions(**options))


@pytest.fixture
def two_gpus(monkeypatch):
    """What TensorFlow is told to do with two GPUs that it says it sees."""
    gpus, calls = ["first", "second"], []
    monkeypatch.setattr(
        tf.config, "list_physical_devices", lambda kind="GPU": gpus if kind == "GPU" else ["cpu"]
    )
    for owner, name in (
        (tf.config, "set_visible_devices"),
        (tf.config, "set_logical_device_configuration"),
        (tf.config.experimental, "set_memory_growth"),
        (tf.config.experimental, "enable_tensor_float_32_execution"),
    ):
        monkeypatch.setattr(owner, name, lambda *args, name=name: calls.append((name, *args)))
    return calls


def test_gpus_are_chosen_and_their_memory_taken_as_asked(two_gpus):
    assert configure(DeviceOptions(chosen=(1,), memory_growth=True)) == ["GPU:0"]
    assert two_gpus == [("set_visible_devices", ["second"], "GPU"),
                        ("set_memory_growth", "second", True),
                        ("enable_tensor_float_32_execution", True)]  # fmt: skip
    two_gpus.clear()
    assert configure(DeviceOptions(memory_limit=2048)) == ["GPU:0", "GPU:1"]
    limits = [call for call in two_gpus if call[0] == "set_logical_device_configuration"]
    assert [(gpu, limit[0].memory_limit) for _, gpu, limit in limits] == [
        ("first", 2048), ("second", 2048),
    ]  # fmt: skip


def test_one_gpu_is_split_into_parts_of_a_given_size(two_gpus):
    options = DeviceOptions(chosen=(1,), logical_devices=2, memory_limit=2048)
    assert configure(options) == ["GPU:0", "GPU:1"]
    assert two_gpus[0] == ("set_visible_devices", ["second"], "GPU")
    (_, gpu, parts) = two_gpus[1]
    assert (gpu, [part.memory_limit for part in parts]) == ("second", [2048, 2048])


def test_a_gpu_multiplies_in_full_float32_where_it_is_asked_to(two_gpus):
    configure(DeviceOptions(tf32=False))
    assert two_gpus[-1] == ("enable_tensor_float_32_execution", False)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"memory_limit": 2048}, "--logical_devices=2: splits one GPU, or the CPU, and there are"),
        ({"chosen": (0,)}, "--logical_devices=2: splits the GPU; add --gpu_memory_limit=MB"),
    ],
)
def test_a_gpu_that_cannot_be_split_so_is_refused(two_gpus, options, message):
    with pytest.raises(UsageError, match=message):
        configure(DeviceOptions(logical_devices=2, **options))


@pytest.mark.parametrize(
    "kind, across, device, message",
    [
        ("ring", False, "CPU", "--collective=ring: is for several workers"),
        ("nccl", False, "CPU", "--collective=nccl: reduces between GPUs"),
        ("nccl", True, "CPU", "--collective=nccl: reduces between GPUs"),
        ("hierarchical", True, "GPU", "--collective=hierarchical: is for one machine"),
    ],
)
def test_a_collective_that_cannot_be_is_refused(kind, across, device, message):
    choose = collective.across_machines if across else collective.on_one_machine
    with pytest.raises(UsageError, match=message):
        choose(collective.CollectiveOptions(kind), device)


@pytest.mark.parametrize("kind", ["hierarchical", "one"])
def test_a_collective_of_one_machine_is_used(kind):
    wanted = Wanted(DeviceOptions(logical_devices=2), collective.CollectiveOptions(kind))
    strategy = build_distribution(
        strategy="auto", wanted=wanted, batch_size=6, deterministic=False
    ).strategy
    expected = collective.on_one_machine(wanted.collective, "CPU")
    assert type(strategy.extended._cross_device_ops) is type(expected)


def test_workers_sum_as_asked():
    options = collective.across_machines(collective.CollectiveOptions("ring", 50, 60.0), "CPU")
    assert options.bytes_per_pack == 50 << 20
    assert options.timeout_seconds == 60.0
    assert options.implementation.name == "RING"


def test_a_single_device_is_not_mirrored():
    with pytest.raises(UsageError, match="--strategy=mirrored: there is one device, the CPU"):
        build("mirrored")


def test_a_batch_that_does_not_divide_is_refused():
    with pytest.raises(UsageError, match="--batch_size=33: does not divide among 2 replicas"):
        build("auto", 2, batch_size=33)

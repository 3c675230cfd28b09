"""Who trains together: flags, TF_CONFIG, Slurm, Kubernetes' indexed jobs."""

import json

import pytest

from tfapp.distribution.members import find_members
from tfapp.errors import UsageError

SLURM = {
    "SLURM_STEP_NUM_TASKS": "4", "SLURM_STEP_NODELIST": "gpu[07-08]", "SLURM_PROCID": "2",
    "SLURM_STEP_TASKS_PER_NODE": "2(x2)", "SLURMD_NODENAME": "",
}  # fmt: skip


@pytest.fixture
def find(monkeypatch):
    """find(environment, **flags): what is found there."""

    def look(environment, *, workers=(), worker=-1):
        for name in ("TF_CONFIG", "JOB_COMPLETION_INDEX", *SLURM):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return find_members(workers=workers, worker=worker, worker_port=8888)

    return look


def tf_config(task=("worker", 1), **cluster):
    value = {"cluster": cluster, "task": {"type": task[0], "index": task[1]}}
    return {"TF_CONFIG": json.dumps(value)}


def test_nothing_names_workers(find):
    assert find({}) is None
    assert find({"JOB_COMPLETION_INDEX": "0"}) is None
    assert find({"SLURM_STEP_NUM_TASKS": "1"}) is None
    assert find(tf_config(("worker", 0), worker=["a:1"])) is None


def test_flags_name_workers(find):
    addresses, worker, _ = find({}, workers=("a:1", "b:2"), worker=1)
    assert (addresses, worker) == (("a:1", "b:2"), 1)


def test_an_indexed_job_says_which_worker_a_pod_is(find):
    assert find({"JOB_COMPLETION_INDEX": "1"}, workers=("a:1", "b:2")).worker == 1


@pytest.mark.parametrize(
    "task, worker", [(("chief", 0), 0), (("worker", 0), 1), (("worker", 1), 2)]
)
def test_a_chief_of_tf_config_is_worker_0(find, task, worker):
    found = find(tf_config(task, worker=["b:1", "c:1"], chief=["a:1"]))
    assert found[:2] == (("a:1", "b:1", "c:1"), worker)


def test_flags_come_before_the_environment(find):
    found = find({**tf_config(worker=["x:1", "y:1"]), **SLURM}, workers=("a:1", "b:1"), worker=0)
    assert found.addresses == ("a:1", "b:1")


@pytest.mark.parametrize(
    "nodes, per_node, hosts",
    [
        ("gpu[07-08]", "2(x2)", ["gpu07", "gpu07", "gpu08", "gpu08"]),
        ("n[9-10]", "2(x2)", ["n9", "n9", "n10", "n10"]),
        ("b,a[1,3-4]-ib", "1(x4)", ["b", "a1-ib", "a3-ib", "a4-ib"]),
        ("x,n[1-2]", "1,2,1", ["x", "n1", "n1", "n2"]),
    ],
)
def test_slurm_names_workers(find, nodes, per_node, hosts):
    found = find({**SLURM, "SLURM_STEP_NODELIST": nodes, "SLURM_STEP_TASKS_PER_NODE": per_node})
    assert [address.rpartition(":")[0] for address in found.addresses] == hosts
    assert len(set(found.addresses)) == 4 and found.addresses[0].endswith(":8888")
    assert found.worker == 2


@pytest.mark.parametrize(
    "environment, flags, message",
    [
        ({}, {"workers": ("a:1", "b:2")}, "say which of them this process is with --worker=0 to 1"),
        ({}, {"workers": ("a:1", "b:2"), "worker": 2}, "this process is worker 2"),
        ({}, {"workers": ("a:1", "a:1"), "worker": 0}, "names an address twice"),
        ({}, {"workers": ("a", "b:2"), "worker": 0}, "'a' is not HOST:PORT"),
        ({}, {"workers": ("a:1", "b:70000"), "worker": 0}, "'b:70000' is not HOST:PORT"),
        ({"TF_CONFIG": "{"}, {}, "TF_CONFIG={: TensorFlow cannot read it"),
        ({"TF_CONFIG": "[]"}, {}, "TensorFlow cannot read it"),
        (tf_config(("ps", 0), ps=["a:1"], worker=["b:1"]), {}, "has tasks of type ps"),
        (tf_config(("evaluator", 0), worker=["a:1", "b:1"]), {}, "its task is"),
        (tf_config(("worker", 2), worker=["a:1", "b:1"]), {}, "this process is worker 2"),
        ({**SLURM, "SLURM_STEP_NODELIST": "gpu[7"}, {}, "SLURM_STEP_NODELIST=gpu[7: is no list"),
        ({**SLURM, "SLURM_STEP_NODELIST": "a,b,c"}, {}, "is for 2 nodes, and SLURM_STEP_NODELIST"),
        ({**SLURM, "SLURM_STEP_TASKS_PER_NODE": "x"}, {}, "is no list of numbers of tasks"),
        ({**SLURM, "SLURM_PROCID": "4"}, {}, "SLURM_PROCID=4: is no number below 4"),
        ({**SLURM, "SLURM_PROCID": ""}, {}, "SLURM_PROCID=: is not set; start the workers with"),
        ({**SLURM, "SLURMD_NODENAME": "gpu07"}, {}, "runs on gpu07, not on gpu08: start the tasks"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_cannot_be_is_refused_in_one_line(find, environment, flags, message):
    with pytest.raises(UsageError) as error:
        find(environment, **flags)
    assert message in str(error.value)
    assert "\n" not in str(error.value)

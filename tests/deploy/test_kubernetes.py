"""The manifests of deploy/kubernetes are valid, and start workers again after a loss alone.

Kubeflow's resources have no schema here: what is checked is what they hold of Kubernetes itself,
the templates of their jobs and pods.
"""

import os
import signal
import subprocess
import time

import kubernetes_validate
import pytest
import yaml

from tests.conftest import HANG_SECONDS, ROOT
from tfapp import flags
from tfapp.config import FLAGS
from tfapp.errors import Stopped, exit_codes

FOLDER = ROOT / "deploy" / "kubernetes"
FINAL = sorted({*exit_codes()} - {0, 75, Stopped.exit_code})


def documents(name):
    """Kind -> manifest, of a file."""
    loaded = yaml.safe_load_all((FOLDER / name).read_text())
    return {document["kind"]: document for document in loaded}


def trainer_job():
    """The Job that Kubeflow's trainer makes of the runtime and the TrainJob."""
    found = documents("trainjob.yaml")
    (replicated,) = found["TrainingRuntime"]["spec"]["template"]["spec"]["replicatedJobs"]
    trainer = found["TrainJob"]["spec"]["trainer"]
    assert replicated["name"] == "node"
    spec = replicated["template"]["spec"]
    spec["completions"] = spec["parallelism"] = trainer["numNodes"]
    (container,) = spec["template"]["spec"]["containers"]
    container.update(args=trainer["args"], resources=trainer["resourcesPerNode"])
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "x"}, "spec": spec}


def tfjob_worker():
    return documents("tfjob.yaml")["TFJob"]["spec"]["tfReplicaSpecs"]["Worker"]


JOBS = {"job": lambda: documents("job.yaml")["Job"], "trainjob": trainer_job}
PODS = {
    **{name: lambda job=job: job()["spec"]["template"] for name, job in JOBS.items()},
    "tfjob": lambda: tfjob_worker()["template"],
}


def validate(manifest):
    kubernetes_validate.validate(manifest, "1.37", strict=True)


def test_the_service_is_valid_and_is_that_of_the_pods():
    service, job = (documents("job.yaml")[kind] for kind in ("Service", "Job"))
    validate(service)
    assert service["spec"]["clusterIP"] == "None"
    assert service["metadata"]["name"] == job["spec"]["template"]["spec"]["subdomain"]
    assert service["spec"]["selector"] == {"batch.kubernetes.io/job-name": job["metadata"]["name"]}


@pytest.mark.parametrize("name", JOBS)
def test_the_job_is_valid(name):
    validate(JOBS[name]())


@pytest.mark.parametrize("name", PODS)
def test_the_pods_are_valid(name):
    template = PODS[name]()
    validate({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, **template})
    pod = template["spec"]
    (container,) = pod["containers"]
    assert pod["terminationGracePeriodSeconds"] >= 60
    assert {mount["name"] for mount in container["volumeMounts"]} == {
        volume["name"] for volume in pod["volumes"]
    }


def test_a_mistake_in_a_manifest_is_found():
    job = JOBS["job"]()
    job["spec"]["completionz"] = job["spec"].pop("completions")
    with pytest.raises(kubernetes_validate.ValidationError):
        validate(job)


def action(job, code):
    """What the Job's policy does after a container has ended with `code`."""
    for rule in job["spec"]["podFailurePolicy"]["rules"]:
        codes = rule.get("onExitCodes")
        if codes and (code in codes["values"]) == (codes["operator"] == "In"):
            (container,) = job["spec"]["template"]["spec"]["containers"]
            assert codes["containerName"] == container["name"]
            return rule["action"]
    return "Count"  # and start again


@pytest.mark.parametrize("name", JOBS)
def test_a_mistake_ends_the_job_and_a_loss_does_not(name):
    job = JOBS[name]()
    assert [code for code in range(1, 256) if action(job, code) == "FailJob"] == FINAL
    assert {action(job, code) for code in range(1, 256)} == {"FailJob", "Count"}
    assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"  # rules need it


@pytest.mark.parametrize("name", JOBS)
def test_as_many_workers_are_listed_as_run(name):
    job = JOBS[name]()
    (container,) = job["spec"]["template"]["spec"]["containers"]
    (listed,) = [arg for arg in container["args"] if arg.startswith("--workers=")]
    workers = listed.removeprefix("--workers=").split(",")
    assert len(set(workers)) == job["spec"]["completions"] == job["spec"]["parallelism"]
    (port,) = container["ports"]
    assert all(worker.endswith(f":{port['containerPort']}") for worker in workers)


def test_the_names_of_the_workers_are_those_of_the_pods():
    job = documents("job.yaml")["Job"]
    name, domain = job["metadata"]["name"], job["spec"]["template"]["spec"]["subdomain"]
    expected = ",".join(f"{name}-{index}.{domain}:8888" for index in (0, 1))
    assert f"--workers={expected}" in PODS["job"]()["spec"]["containers"][0]["args"]
    name = documents("trainjob.yaml")["TrainJob"]["metadata"]["name"]
    expected = ",".join(f"{name}-node-0-{index}.{name}:8888" for index in (0, 1))
    assert f"--workers={expected}" in PODS["trainjob"]()["spec"]["containers"][0]["args"]


@pytest.mark.skipif("workers" not in FLAGS, reason="there is no flag --workers")
@pytest.mark.parametrize("name", PODS)
def test_the_flags_are_flags(name, monkeypatch):
    monkeypatch.setenv("JOB_COMPLETION_INDEX", "0")
    flags.parse(["main.py", *PODS[name]()["spec"]["containers"][0]["args"]])


@pytest.fixture
def tfjob_script(stub):
    """tfjob_script(codes): the TFJob's command with a stub for Python, and the stub's calls."""

    def start(codes):
        calls = stub("python", codes)
        (container,) = PODS["tfjob"]()["spec"]["containers"]
        command = [*container["command"], *container["args"]]
        return subprocess.Popen(command, env=dict(os.environ)), calls

    return start


@pytest.mark.parametrize("code, seen", [(0, 0), (2, 2), (75, 143), (143, 143), (137, 137)])
def test_the_operator_starts_a_tfjobs_worker_again_after_a_loss(tfjob_script, code, seen):
    """It does so from 128 on."""
    assert tfjob_worker()["restartPolicy"] == "ExitCode"
    process, calls = tfjob_script(str(code))
    assert process.wait(HANG_SECONDS) == seen
    arguments = PODS["tfjob"]()["spec"]["containers"][0]["args"]
    assert calls.read_text().endswith(f"python /app/main.py {' '.join(arguments)}\n")


def test_a_tfjobs_worker_saves_when_its_pod_has_to_go(tfjob_script):
    process, calls = tfjob_script("wait")
    ready, told = (calls.with_name(f"{calls.name}.{what}") for what in ("ready", "signals"))
    ends = time.monotonic() + HANG_SECONDS
    while not ready.exists():
        assert time.monotonic() < ends
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    assert process.wait(HANG_SECONDS) == 143
    assert told.read_text() == "told\n"

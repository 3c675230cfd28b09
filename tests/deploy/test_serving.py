"""deploy/serving: the manifests are valid, their flags are flags, and the repository is Triton's.

KServe's resource has no schema here: what is checked is what it holds of Kubernetes itself, the pod
of its own container.
"""

import configparser
import subprocess

import kubernetes_validate
import pytest
import yaml

from tests.conftest import ROOT
from tfapp import flags
from tfapp.serving import PACKAGES

FOLDER = ROOT / "deploy" / "serving"


@pytest.fixture
def predictors():
    """Name -> predictor, of the InferenceServices."""
    documents = yaml.safe_load_all((FOLDER / "kserve.yaml").read_text())
    return {d["metadata"]["name"]: d["spec"]["predictor"] for d in documents}


@pytest.fixture
def services():
    """Name -> service, of the compose file."""
    return yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]


@pytest.fixture
def parsed(monkeypatch, tmp_path):
    """parsed(arguments): the Config of a container's arguments."""
    (tmp_path / "runs" / "digits-mlp-1" / "export" / "1").mkdir(parents=True)

    def parse(arguments):
        arguments = [a.replace("/runs/", f"{tmp_path}/runs/") for a in arguments]
        return flags.parse(["main.py", *(a.replace("${RUN}", "digits-mlp-1") for a in arguments)])

    return parse


def test_kserves_pod_is_valid_and_listens_where_it_is_asked(predictors, parsed):
    pod = predictors["digits"]
    manifest = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": pod}
    kubernetes_validate.validate(manifest, "1.37", strict=True)
    (container,) = pod["containers"]
    config = parsed(container["args"])
    (port,) = container["ports"]
    ports = {container[f"{name}Probe"]["httpGet"]["port"] for name in ("readiness", "liveness")}
    assert ports == {config.port} == {port["containerPort"]}
    assert config.host == "0.0.0.0"
    assert config.serve_name == "digits"


def test_kserves_own_runtime_gets_the_export(predictors):
    model = predictors["digits-tensorflow"]["model"]
    assert model["storageUri"].endswith("/export")
    container = {"name": "x", "image": "x", "resources": model["resources"]}
    manifest = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}}
    manifest["spec"] = {"containers": [container]}
    kubernetes_validate.validate(manifest, "1.37", strict=True)


def test_compose(services, parsed):
    config = parsed(services["tfapp"]["command"])
    for service in services.values():
        for port in service["ports"]:
            address, outside, inside = port.split(":")
            assert address == "127.0.0.1"
            assert outside == inside
    assert services["tfapp"]["ports"] == [f"127.0.0.1:{config.port}:{config.port}"]
    assert f"127.0.0.1:{config.port}/readyz" in services["tfapp"]["healthcheck"]["test"][-1]
    base = [a for a in services["tensorflow-serving"]["command"] if "base_path" in a]
    assert base == ["--model_base_path=/runs/${RUN}/export"]


def test_a_repository_of_triton(tmp_path):
    for number in (1, 12):
        version = tmp_path / "my-run" / "export" / str(number)
        version.mkdir(parents=True)
        (version / "saved_model.pb").write_text(str(number))
    (tmp_path / "my-run" / "export" / "onnx").mkdir()
    command = ["bash", FOLDER / "triton.sh", tmp_path / "my-run", tmp_path / "models"]
    subprocess.run(command, check=True)
    model = tmp_path / "models" / "my-run"
    assert {path.name for path in model.iterdir()} == {"1", "12", "config.pbtxt"}
    assert (model / "12" / "model.savedmodel" / "saved_model.pb").read_text() == "12"
    text = (model / "config.pbtxt").read_text()
    assert 'name: "my-run"' in text
    assert 'platform: "tensorflow_savedmodel"' in text


def test_a_run_without_an_export_is_no_repository(tmp_path):
    command = ["bash", FOLDER / "triton.sh", tmp_path, tmp_path / "models"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert "usage: " in done.stderr
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-cuda.lock"])
def test_the_image_can_serve(name):
    locked = (ROOT / "deploy" / name).read_text()
    assert [p for p in PACKAGES.values() if f"\n{p}==" not in locked] == []


def test_the_extra_has_what_the_server_needs():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    extra = setup["options.extras_require"]["serve"]
    assert [p for p in PACKAGES.values() if f"\n{p}>=" not in extra] == []

"""deploy/: the Kubernetes manifests and the systemd unit, as far as they can be checked without a cluster."""

import re
import shutil
import subprocess
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
MANIFEST = ROOT / "deploy" / "kubernetes" / "explain-log.yaml"
RESOURCES = list(yaml.safe_load_all(MANIFEST.read_text(encoding="utf-8")))
UNIT = ROOT / "deploy" / "explain-log.service"
NAME = {"app.kubernetes.io/name": "explain-log"}


def resource(kind):
    """The only resource of a kind."""
    (found,) = [each for each in RESOURCES if each["kind"] == kind]
    return found


def pod():
    """What a replica is."""
    return resource("Deployment")["spec"]["template"]["spec"]


@pytest.mark.parametrize("each", RESOURCES, ids=lambda each: each["kind"])
def test_resources_fit_their_schema(each):
    """Strictly: a key that Kubernetes does not know is an error."""
    version = kubernetes_validate.latest_version()
    kubernetes_validate.validate(each, version, strict=True)


def test_everything_selects_the_pods():
    """The deployment, the service, the budget and the policy mean the same pods."""
    assert resource("Deployment")["spec"]["template"]["metadata"]["labels"] == NAME
    assert resource("Deployment")["spec"]["selector"]["matchLabels"] == NAME
    assert resource("Service")["spec"]["selector"] == NAME
    assert resource("PodDisruptionBudget")["spec"]["selector"]["matchLabels"] == NAME
    assert resource("NetworkPolicy")["spec"]["podSelector"]["matchLabels"] == NAME


def test_ports_and_addresses_agree():
    """The port of the command is the container's, the probe's, the policy's and the Dockerfile's."""
    (container,) = pod()["containers"]
    port = container["args"][container["args"].index("--port") + 1]
    assert container["ports"][0]["containerPort"] == int(port)
    assert all(f"127.0.0.1:{port}/" in container[probe]["exec"]["command"][2] for probe in probes(container))
    assert resource("NetworkPolicy")["spec"]["ingress"][0]["ports"][0]["port"] == int(port)
    assert f"EXPOSE {port}" in (ROOT / "Dockerfile").read_text(encoding="utf-8")


def probes(container):
    """The names of a container's probes."""
    return [name for name in container if name.endswith("Probe")]


def test_the_pod_may_do_nothing_that_it_need_not():
    """No root, no capabilities, a read-only root, no token; what is written lies on volumes."""
    (container,) = pod()["containers"]
    assert pod()["securityContext"]["runAsNonRoot"] is True
    assert str(pod()["securityContext"]["runAsUser"]) in (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert pod()["automountServiceAccountToken"] is False
    assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/data", "/tmp"}


def test_secrets_stand_in_no_file():
    """The database's URL comes from a Secret that the operator makes."""
    text = MANIFEST.read_text(encoding="utf-8")
    assert not any(each["kind"] == "Secret" for each in RESOURCES)
    stored = yaml.safe_dump_all(RESOURCES)
    assert "password" not in stored
    assert "create secret generic explain-log" in text


def test_what_is_configured_is_documented():
    """Every EXPLAIN_LOG_… of the manifests and the unit stands in docs/deploy.md."""
    told = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    named = re.findall(r"EXPLAIN_LOG_[A-Z_]+", MANIFEST.read_text("utf-8") + UNIT.read_text("utf-8"))
    assert named
    assert not [name for name in set(named) if name not in told]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_systemd_takes_the_unit(tmp_path):
    """No unknown key, no value that it ignores; and what it thinks of the sandbox is good."""
    copy = tmp_path / UNIT.name
    text = UNIT.read_text(encoding="utf-8")
    copy.write_text(text.replace("/opt/explain-log/bin/explain-log", "/bin/true"), encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", str(copy)], capture_output=True, text=True)
    told = [line for line in done.stderr.splitlines() if UNIT.name in line]
    assert told == []
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", str(copy)], capture_output=True, text=True
    )
    exposure = re.search(r"exposure level for \S+ (\d+\.\d+)", judged.stdout)
    assert exposure is None or float(exposure[1]) <= 2.5

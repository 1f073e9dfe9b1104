"""Dockerfile and docker-compose.yml, as far as they can be checked without an engine."""

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Annotated, Literal

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from explain_log import __version__

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))


def instructions():
    """(instruction, rest) of the Dockerfile, continued lines joined."""
    joined = re.sub(r"\\\n\s*", " ", DOCKERFILE)
    lines = [line for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return [tuple(line.split(maxsplit=1)) for line in lines]


def instructions_before_the_first_stage():
    """As `instructions`."""
    names = [name for name, _ in instructions()]
    return instructions()[: names.index("FROM")]


def copied():
    """The sources that are copied from the folder of the Dockerfile."""
    rest = [shlex.split(rest) for name, rest in instructions() if name == "COPY" and "--from" not in rest]
    return sorted({word for words in rest for word in words[:-1]})


def is_ignored(path):
    """Whether .dockerignore keeps a path from the builder: the last rule that fits it decides."""
    ignored = False
    for rule in (ROOT / ".dockerignore").read_text(encoding="utf-8").split("\n"):
        pattern = rule.strip().removeprefix("!").removeprefix("**/")
        if pattern and not rule.startswith("#") and fnmatch(path, pattern):
            ignored = not rule.startswith("!")
    return ignored


@pytest.mark.parametrize("source", copied())
def test_every_copied_source_is_there_and_reaches_the_builder(source):
    """COPY of a file that is missing or ignored stops the build."""
    assert (ROOT / source).exists()
    assert not is_ignored(source)


def test_everything_that_the_wheel_needs_is_copied(tmp_path):
    """A wheel is built from nothing but what is copied; and nothing is copied in vain."""
    needed = {"pyproject.toml", PROJECT["readme"], *PROJECT["license-files"], "service", "knowledge", "prompts", "examples"}
    assert needed == set(copied())
    for source in copied():
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, tmp_path / source, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / source, tmp_path / source)
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", "dist"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    assert f"explain_log-{__version__}" in wheel.name


def test_the_image_has_every_bot():
    """The same extras in both stages, all that there are but those for developers."""
    extras = set(dict(instructions_before_the_first_stage())["ARG"].removeprefix("EXTRAS=").split(","))
    wanted = {name for name, needs in PROJECT["optional-dependencies"].items() if needs} - {"test", "dev"}
    assert extras == wanted
    assert DOCKERFILE.count("\nARG EXTRAS\n") == 2
    assert DOCKERFILE.count("[${EXTRAS}]") == 2


def test_what_is_private_or_large_does_not_reach_the_builder():
    """Neither the history nor a virtual environment nor tests."""
    assert all(is_ignored(name) for name in (".git", ".venv", "tests", "dist", ".env"))


def test_instructions_are_known_and_in_order():
    """Two stages, the second as another user than root, with a health check."""
    names = [name for name, _ in instructions()]
    known = "ARG FROM WORKDIR COPY RUN LABEL ENV USER VOLUME EXPOSE HEALTHCHECK ENTRYPOINT CMD"
    assert set(names) <= set(known.split())
    assert names.count("FROM") == 2
    assert dict(instructions())["USER"] == "explain-log"
    assert names.index("USER") > len(names) - 1 - names[::-1].index("RUN")
    assert "/healthz" in dict(instructions())["HEALTHCHECK"]
    assert all(rest.startswith("python:3.13-slim") for name, rest in instructions() if name == "FROM")


# The part of the Compose specification that the file uses; an unknown key is an error, as in Docker's own schema.
Duration = Annotated[str, StringConstraints(pattern=r"^(\d+(h|m|s|ms|us))+$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9._-]+$")]


class Strict(BaseModel):
    """No key that the specification does not know."""

    model_config = ConfigDict(extra="forbid", strict=True)


class HealthCheck(Strict):
    """healthcheck."""

    test: Annotated[list[str], Field(min_length=2)]
    interval: Duration
    timeout: Duration
    start_period: Duration
    retries: int


class Dependency(Strict):
    """depends_on, long form."""

    condition: Literal["service_started", "service_healthy", "service_completed_successfully"]
    required: bool = True
    restart: bool = False


class Service(Strict):
    """services.NAME."""

    image: str
    build: str | None = None
    restart: Literal["no", "always", "on-failure", "unless-stopped"]
    ports: list[str] = []
    environment: dict[Name, str | int | float | bool | None] = {}
    depends_on: dict[Name, Dependency] = {}
    volumes: list[str] = []
    read_only: bool = False
    tmpfs: list[str] = []
    cap_drop: list[str] = []
    security_opt: list[str] = []
    healthcheck: HealthCheck


class Compose(Strict):
    """The whole file."""

    services: dict[Name, Service]
    volumes: dict[Name, None]


def test_the_compose_file_fits_its_schema():
    """Every key is known and every value of its type."""
    Compose.model_validate(COMPOSE)


def test_what_services_name_is_there():
    """Dependencies, volumes and the build folder exist."""
    compose = Compose.model_validate(COMPOSE)
    for service in compose.services.values():
        assert set(service.depends_on) <= set(compose.services)
        assert {volume.partition(":")[0] for volume in service.volumes} <= set(compose.volumes)
        assert service.healthcheck.test[0] == "CMD"
        assert service.build is None or (ROOT / service.build / "Dockerfile").exists()


def test_ports_are_published_on_loopback_only():
    """`docker compose up` on a laptop in a café must not open a port; Docker goes around the firewall."""
    ports = [port for service in COMPOSE["services"].values() for port in service.get("ports", [])]
    assert ports == ["127.0.0.1:8377:8377"]


def test_compose_and_dockerfile_agree():
    """Port, health check, folder and version are the same in both."""
    service = COMPOSE["services"]["explain-log"]
    parts = dict(instructions())
    assert parts["EXPOSE"] == "8377"
    assert '"--port", "8377"' in parts["CMD"]
    assert service["healthcheck"]["test"][-1] in parts["HEALTHCHECK"]
    assert service["volumes"] == [f"reports:{parts['VOLUME']}"]
    assert service["image"] == f"explain-log:{__version__}"


def test_the_health_check_is_python():
    """A slim image has no curl; the check compiles."""
    code = COMPOSE["services"]["explain-log"]["healthcheck"]["test"][-1]
    compile(code, "healthcheck", "exec")


def test_the_service_talks_to_the_ollama_beside_it():
    """By its name in the compose network, and allowed to."""
    environment = COMPOSE["services"]["explain-log"]["environment"]
    assert environment == {"OLLAMA_HOST": "http://ollama:11434", "EXPLAIN_LOG_ALLOW_REMOTE": "1"}
    assert any(volume.endswith(":/root/.ollama") for volume in COMPOSE["services"]["ollama"]["volumes"])

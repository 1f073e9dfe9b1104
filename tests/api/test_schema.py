"""schemathesis over the OpenAPI document, all checks, on both stores."""

import json
import os
import subprocess
import sys
from pathlib import Path

import postgres
import pytest

EXAMPLE = (Path(__file__).parents[2] / "examples" / "deepseek-r1-70b-8gpu.log").read_bytes()
EXAMPLES = os.environ.get("EXPLAIN_LOG_SCHEMA_EXAMPLES", "8")
MOST_SECONDS = 600


@pytest.fixture(scope="module")
def postgres_url():
    postgres.needed()
    with postgres.running() as url:
        yield url


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_the_service_does_what_its_description_says(start_process, request, store):
    """What fits the schemas is taken, what does not is refused, every answer is as described, nothing crashes."""
    database = ["--database", request.getfixturevalue("postgres_url")] if store == "postgresql" else []
    process = start_process("--no-llm", "--workers", "1", *database)
    status, _, body = process.post("/v1/explain?language=en", EXAMPLE)
    assert status == 200
    program = os.path.join(os.path.dirname(sys.executable), "schemathesis")
    done = subprocess.run(
        [program, "run", f"http://127.0.0.1:{process.port}/openapi.json", "--checks", "all", "--max-examples", EXAMPLES,
         "--seed", "1", "--no-color", "--suppress-health-check", "all"],
        capture_output=True, text=True, timeout=MOST_SECONDS, cwd=process.folder,
        env={**os.environ, "SCHEMATHESIS_HOOKS": "schema_hooks", "PYTHONPATH": str(Path(__file__).parent),
             "EXPLAIN_LOG_TEST_REPORT": json.loads(body)["id"]},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "Traceback" not in process.output()

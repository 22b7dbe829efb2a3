"""schemathesis asks everything that the OpenAPI document allows, and much that it does not, and holds each answer to it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.running import Running
from tests.servers.people import People
from tests.servers.ports import HOST
from tests.servers.postgres import Databases

CONFIG = Path(__file__).with_name("schemathesis.toml")
CASES_EACH = int(os.environ.get("COMANDA_TEST_SCHEMATHESIS", "25"))
CASES_MIN = 1000
END_MAX_S = 400.0

pytestmark = pytest.mark.slow


@pytest.fixture
def alone(databases: Databases, template: str) -> Iterator[Running]:
    """An instance of its own: whoever asks everything also closes accounts."""
    with databases.one(template=template) as url, Running(url) as started:
        yield started


def test_every_answer_is_as_the_document_says(
    alone: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with People(alone.database_url) as people:
        people.someone(*people.operator.grants)  # another one, so that this one can be closed
        told = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG)),
                *("run", f"http://{HOST}:{alone.ports[0]}/openapi.json", "--checks", "all"),
                *(
                    "--max-examples",
                    str(CASES_EACH),
                    "--seed",
                    "1",
                    "--header",
                    f"Authorization: {people.operator.bearer['Authorization']}",
                ),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=END_MAX_S,
            check=False,
        )
    assert told.returncode == 0, told.stdout[-20_000:] + told.stderr[-2_000:]
    cases = re.search(r"([\d,]+) generated", told.stdout)
    assert cases is not None, told.stdout[-3000:]
    number = int(cases[1].replace(",", ""))
    with capsys.disabled():
        print(f"\nschemathesis: {number} cases, 0 failures")
    assert number >= CASES_MIN
    assert alone.well()

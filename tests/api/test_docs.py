"""What those who call the API read: the page, the examples, and the list of errors."""

import re
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest
from jsonschema import Draft202012Validator

import domain
from api.errors_page import page
from api.examples import BODIES
from api.operation import Operation
from api.routes import ROUTES
from domain.errors import Refusal
from tests.api.client import Api

ROOT = Path(__file__).parents[2]
NOT_OF_THE_API = {"erasure_not_requested"}
"""What only the program itself can do wrong."""
WITH_BODY = [o for route in ROUTES for o in route.operations().values() if o.body is not None]


def test_the_page_loads_nothing_that_does_not_lie_beside_it(api: Api) -> None:
    told = api.get("/docs")
    assert told.status == 200
    assert told.headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in told.headers["Content-Security-Policy"]
    loaded = re.findall(r'(?:src|href)="([^"]+)"', told.body.decode())
    assert loaded
    for path in loaded:
        assert path == "data:," or api.get(path).status == 200, path


def test_a_file_is_sent_once_and_then_known(api: Api) -> None:
    first = api.get("/docs/swagger_bundle.js")
    assert len(first.body) > 100_000
    assert b"//cdn" not in api.get("/docs/start.js").body
    assert api.get("/docs/swagger_bundle.js", {"If-None-Match": first.headers["ETag"]}).status == 304


@pytest.mark.parametrize("name", ["nothing.js", "..%5Coperation.py", "__init__.py", "redoc.js", "START.JS", "%00"])
def test_no_other_file_is_to_be_had(api: Api, name: str) -> None:
    assert api.get(f"/docs/{name}").code == "docs_file_unknown"


@pytest.mark.parametrize("operation", WITH_BODY, ids=lambda operation: operation.id)
def test_every_body_has_an_example_that_would_be_taken(api: Api, operation: Operation) -> None:
    assert operation.body is not None
    given = dict.fromkeys(getattr(operation.body, "given", ()))
    fields = operation.body.model_fields.keys() - given.keys()
    assert BODIES[operation.id].keys() <= fields
    for name, value in BODIES[operation.id].items():
        operation.body.__pydantic_validator__.validate_assignment(
            operation.body.model_construct(**BODIES[operation.id]), name, value
        )
    document = api.get("/openapi.json").json
    (told,) = [o for path in document["paths"].values() for o in path.values() if o["operationId"] == operation.id]
    shown = told["requestBody"]["content"][operation.body_media]
    schema = {**shown["schema"], "components": document["components"]}
    Draft202012Validator(schema).validate(shown["example"])


def test_there_are_no_examples_of_what_is_not_there() -> None:
    assert BODIES.keys() == {operation.id for operation in WITH_BODY}


def test_the_list_of_errors_is_that_of_this_program() -> None:
    assert (ROOT / "docs" / "errors.md").read_text() == page(), "make docs"


def test_every_refusal_of_the_rules_is_in_the_list() -> None:
    known = set(re.findall(r"^\| `(\w+)` \|", page(), re.MULTILINE))
    rules = [import_module(module.name) for module in walk_packages(domain.__path__, "domain.")]
    told = {c for module in rules for c in vars(module).values() if isinstance(c, type) and issubclass(c, Refusal)}
    leaves = {refusal for refusal in told if not refusal.__subclasses__()}
    assert leaves
    assert {leaf.code() for leaf in leaves} - known == NOT_OF_THE_API

"""The OpenAPI document is valid, and its page shows all of it in the reader's language."""

import re
from typing import Any

import pytest
from django.test import Client
from ninja import NinjaAPI
from openapi_spec_validator import validate

from accounts.models import User
from api.models import Scope
from api.v1 import Api
from exports.export_job import export_jobs
from imports.models import Stage
from tasks.models import TaskStatus
from tests.members import signed_in_client

DOCS = "/api/v1/docs"


@pytest.fixture
def document(client: Client, db: None) -> Any:
    return client.get("/api/v1/openapi.json").json()


def test_the_document_is_valid(document: Any) -> None:
    validate(document)
    assert document["servers"] == [{"url": "http://localhost:8000"}]


def test_each_operation_has_a_summary_and_its_errors(document: Any) -> None:
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert operation["summary"]
            assert operation["x-scope"] in Scope.values
            problems = {status for status, answer in operation["responses"].items() if "Problem" in str(answer)}
            assert problems >= {"400", "401", "403", "413", "429", "500", "503"}
            assert ("404" in problems) == ("{id}" in path)


def test_the_values_are_those_of_the_site(document: Any) -> None:
    schemas = document["components"]["schemas"]
    assert schemas["NewExport"]["properties"]["kind"]["enum"] == list(export_jobs())
    assert set(schemas["Progress"]["properties"]["status"]["enum"]) == set(TaskStatus.values)
    assert set(schemas["ImportOut"]["properties"]["stage"]["enum"]) == set(Stage.values)


@pytest.mark.parametrize("who", ["a visitor", "a member"])
def test_the_page_shows_every_operation_and_object(member: User, document: Any, who: str) -> None:
    client = signed_in_client(member) if who == "a member" else Client()
    page = client.get(DOCS).content.decode()
    for path, methods in document["paths"].items():
        for method in methods:
            assert f"<code>{method.upper()} {path}</code>" in page
    for name, schema in document["components"]["schemas"].items():
        if "properties" in schema:
            assert f'id="{name}"' in page
            for field in schema["properties"]:
                assert f"<code>{field}</code>" in page
    assert ("susan" in page) == (who == "a member")


def test_no_link_on_the_page_leads_nowhere(client: Client, db: None) -> None:
    page = client.get(DOCS).content.decode()
    links, ids = set(re.findall(r'href="#([^"]+)"', page)), re.findall(r'\bid="([^"]+)"', page)
    assert links - {"main"} <= set(ids)
    assert len(ids) == len(set(ids))


def test_the_page_speaks_spanish(client: Client, db: None) -> None:
    page = client.get(DOCS, headers={"Accept-Language": "es"}).content.decode()
    assert "Iniciar una exportación" in page
    assert "Start an export" not in page


def test_a_flood_of_requests_generates_the_document_once(
    client: Client, document: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(Api, "get_openapi_schema")
    monkeypatch.delattr(NinjaAPI, "get_openapi_schema")
    assert client.get("/api/v1/openapi.json").json() == document
    assert client.get(DOCS).status_code == 200


@pytest.mark.parametrize("address", [DOCS, "/api/v1/openapi.json"])
def test_only_get_is_allowed(client: Client, db: None, address: str) -> None:
    assert client.post(address).status_code == 405

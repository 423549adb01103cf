import re
from typing import Any

import httpx
import msgspec
import pytest

from fastclip import errors
from fastclip.api import account, clips, library, openapi, uploads
from fastclip.api.strict import Ask, read


@pytest.fixture(scope="module")
def document(client: httpx.Client) -> dict[str, Any]:
    return client.get("/openapi.json").raise_for_status().json()


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def test_every_request_body_is_closed_and_has_an_example_that_works(document: dict[str, Any]) -> None:
    for ask in openapi._descendants(Ask):
        schema = document["components"]["schemas"].get(ask.__name__)
        if schema is None:
            continue  # of a test
        assert schema["additionalProperties"] is False, ask
        if ask.example:
            read(msgspec.json.encode(schema["example"]), ask)


def test_every_body_of_an_operation_is_a_closed_schema(document: dict[str, Any]) -> None:
    for _, path, operation in operations(document):
        if body := operation.get("requestBody"):
            name = body["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[-1]
            assert document["components"]["schemas"][name]["additionalProperties"] is False, path


def test_every_operation_says_what_it_does_who_may_and_how_it_refuses(document: dict[str, Any]) -> None:
    names = set()
    for method, path, operation in operations(document):
        assert operation["summary"].endswith("."), path
        assert operation["operationId"] not in names
        names.add(operation["operationId"])
        codes = set(operation["responses"])
        assert {"400", "429", "500", "503"} <= codes
        assert ("401" in codes) == bool(operation["security"]), path
        assert not operation.get("requestBody") or {"413", "415", "422"} <= codes, path
        assert "201" not in codes and "204" not in codes, (method, path)


def test_every_reference_in_the_document_leads_somewhere(document: dict[str, Any]) -> None:
    text = msgspec.json.encode(document).decode()
    for found in set(re.findall(r'"\$ref":"#/([^"]+)"', text)):
        here: Any = document
        for step in found.split("/"):
            here = here[step]


def test_every_code_of_a_refusal_is_in_the_document(document: dict[str, Any]) -> None:
    error = document["components"]["schemas"]["Error"]
    assert set(error["properties"]["code"]["enum"]) == set(errors.CODES)
    assert set(document["components"]["responses"]) >= {str(code) for code in errors.CODES.values()}


def test_every_handler_of_the_nouns_is_in_the_document(document: dict[str, Any]) -> None:
    shown = {operation["operationId"] for _, _, operation in operations(document)}
    for noun in (account, clips, library, uploads):
        for handler in noun.routes:
            assert handler.fn.__name__ in shown or handler.fn.__name__ == "sign_window_in"


def test_sessions_and_keys_are_told_apart(document: dict[str, Any]) -> None:
    table = {path: methods["get"]["security"] for path, methods in document["paths"].items() if "get" in methods}
    assert table["/v1/keys"] == [{"session": []}]
    assert table["/v1/account"] == [{"key": []}, {"session": []}]
    assert table["/v1/rules"] == []


def test_the_readable_page_shows_every_operation_and_loads_nothing(
    client: httpx.Client, document: dict[str, Any]
) -> None:
    page = client.get("/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for method, path, operation in operations(document):
        assert f'<code class="method">{method.upper()}</code><code>{path}</code>' in page.text
        assert operation["summary"].split("'")[0].split("&")[0] in page.text
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page.text) and "<script" not in page.text

import re
import socket

import httpx
import pytest

from tests.api.conftest import Site

PAYLOADS = [
    "../secrets.json",
    "..%2fsecrets.json",
    "%2e%2e/secrets.json",
    "%2e%2e%2fsecrets.json",
    "....//secrets.json",
    "..%5csecrets.json",
    "..\\secrets.json",
    "%252e%252e%252fsecrets.json",
    "/etc/passwd",
    "%2fetc%2fpasswd",
]


def raw(site: Site, request: str) -> tuple[int, str]:
    """(status, text) of a request written byte by byte, since a client would tidy its path."""
    with socket.create_connection(("127.0.0.1", site.port), timeout=10) as sock:
        sock.sendall(request.encode("latin-1"))
        answer = b""
        while chunk := sock.recv(65536):
            answer += chunk
    return int(answer.split()[1]), answer.decode("latin-1")


def get(site: Site, path: str) -> tuple[int, str]:
    return raw(site, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("base", ["/", "/assets/", "/_s/", "/_s/uploads/", "/studio/", "/v1/upload/"])
def test_no_path_leads_out_of_its_folder(site: Site, base: str, payload: str) -> None:
    status, text = get(site, base + payload)
    assert status in (200, 400, 401, 403, 404)
    assert "root:" not in text and '"links"' not in text
    assert status != 200 or "FastClip is running" in text  # a page's own address


@pytest.mark.parametrize("bad", ["%00", "%0a", "%0d%0aX:y", "%1f", "%7f", "%ff", "a%00.js"])
@pytest.mark.parametrize("base", ["/", "/assets/", "/_s/", "/v1/upload/"])
def test_control_bytes_in_a_path_are_refused(site: Site, base: str, bad: str) -> None:
    status, text = get(site, base + bad)
    assert status == 400 and '"code":"invalid_request"' in text


@pytest.mark.parametrize("path", ["/healthz", "/v1/account", "/nothing", "/_s/a/b", "/openapi.json", "/"])
def test_every_answer_has_an_id_and_is_not_sniffed(client: httpx.Client, path: str) -> None:
    first, second = client.get(path), client.get(path)
    assert re.fullmatch(r"req_[a-z2-7]{12}", first.headers["request-id"])
    assert first.headers["request-id"] != second.headers["request-id"]
    assert first.headers["x-content-type-options"] == "nosniff"
    assert first.headers["referrer-policy"] == "no-referrer"
    if first.status_code >= 400:
        assert first.json()["request_id"] == first.headers["request-id"]


def test_answers_of_the_api_are_not_kept_by_caches(client: httpx.Client) -> None:
    assert client.get("/v1/rules").headers["cache-control"] == "no-store"


def test_head_is_get_without_a_body(client: httpx.Client) -> None:
    got, head = client.get("/healthz"), client.head("/healthz")
    assert head.status_code == 200 and head.content == b""
    assert head.headers["content-length"] == got.headers["content-length"]


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v1/clip", "OPTIONS, POST"),
        ("/v1/keys", "GET, HEAD, OPTIONS, POST"),
        ("/v1/clips/x", "DELETE, GET, HEAD, OPTIONS, PATCH"),
        ("/healthz", "GET, HEAD, OPTIONS"),
        ("/_s/a/b", "GET, HEAD, OPTIONS, PUT"),
    ],
)
def test_a_path_says_which_methods_it_has(client: httpx.Client, path: str, allowed: str) -> None:
    options, wrong = client.options(path), client.request("TRACE", path)
    assert options.status_code == 204 and options.headers["allow"] == allowed
    assert wrong.status_code == 405 and wrong.headers["allow"] == allowed
    assert wrong.json()["code"] == "method_not_allowed"


@pytest.mark.parametrize("path", ["/nothing", "/v1/nothing", "/v1", "/v1/clip/a/b/c"])
def test_what_is_not_there_is_a_404_in_our_envelope(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert set(answer.json()) == {"error", "code", "param", "request_id"}


def test_no_other_site_may_read_answers(client: httpx.Client) -> None:
    for path in ("/v1/rules", "/_s/a/b", "/healthz"):
        for method in ("GET", "OPTIONS"):
            answer = client.request(
                method, path, headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "PUT"}
            )
            assert "access-control-allow-origin" not in answer.headers


def test_a_body_beyond_a_megabyte_is_refused(site: Site) -> None:
    with site.with_key() as client:
        answer = client.post(
            "/v1/clip", content=b'{"a":"' + bytes(1_000_001) + b'"}', headers={"Content-Type": "application/json"}
        )
    assert answer.status_code == 413 and answer.json()["code"] == "too_large"

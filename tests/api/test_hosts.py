import socket
from pathlib import Path

import pytest

from fastclip.api.hosts import Hosts
from fastclip.settings import Settings
from tests.api.conftest import Site

HERE = socket.gethostname().lower()


@pytest.fixture
def hosts(tmp_path: Path) -> Hosts:
    return Hosts(Settings(tmp_path, allowed_hosts=("Studio.example",), public_url="https://clips.example.org:444/x"))


@pytest.mark.parametrize(
    ("authority", "is_ours"),
    [
        ("localhost", True),
        ("localhost:8787", True),
        ("LOCALHOST:1", True),
        ("localhost.", True),
        ("127.0.0.1", True),
        ("127.0.0.1:8787", True),
        ("[::1]", True),
        ("[::1]:8787", True),
        ("[::ffff:127.0.0.1]", True),
        ("192.168.7.20:8787", True),
        (HERE, True),
        (f"{HERE.split('.')[0]}.local:8787", True),
        ("studio.example", True),
        ("clips.example.org", True),
        ("evil.example", False),
        ("localhost.evil.example", False),
        ("evil.example:8787", False),
        ("192.168.7.21", False),
        ("8.8.8.8", False),
        ("[2001:db8::1]", False),
        ("localhost:evil", False),
        ("user@localhost", False),
        ("localhost/evil", False),
        ("127.1", False),
        ("2130706433", False),
        ("", False),
        (" ", False),
        ("localhost, evil.example", False),
    ],
)
def test_a_host_is_a_name_of_this_machine_or_the_address_it_was_reached_by(
    hosts: Hosts, authority: str, is_ours: bool
) -> None:
    assert hosts.has(authority, local_ip="192.168.7.20") is is_ours


@pytest.mark.parametrize(
    ("origin", "is_ours"),
    [
        ("http://localhost:8787", True),
        ("https://clips.example.org", True),
        ("http://[::1]:8787", True),
        ("http://192.168.7.20:8787", True),
        ("null", False),
        ("", False),
        ("http://evil.example", False),
        ("file://", False),
        ("file://localhost", False),
        ("chrome-extension://localhost", False),
        ("http://localhost.evil.example", False),
        ("http://localhost/path", False),
    ],
)
def test_an_origin_is_a_page_of_ours(hosts: Hosts, origin: str, is_ours: bool) -> None:
    assert hosts.has_origin(origin, local_ip="192.168.7.20") is is_ours


@pytest.mark.parametrize(
    "path", ["/", "/healthz", "/v1/account", "/v1/nothing", "/_s/a/b", "/openapi.json", "/assets/x.js"]
)
def test_every_address_refuses_a_foreign_host(site: Site, path: str) -> None:
    with site.client(Host="evil.example") as client:
        answer = client.get(path)
    assert answer.status_code == 421
    assert answer.json()["code"] == "unknown_host" and "evil.example" in answer.json()["error"]


def test_links_begin_with_the_name_that_the_client_used(site: Site) -> None:
    ask = {"filename": "a.mp4", "content_type": "video/mp4", "file_size": 10}
    with site.with_key() as client:
        for host in (f"localhost:{site.port}", f"127.0.0.1:{site.port}", f"{HERE}"):
            url = client.post("/v1/upload/request", json=ask, headers={"Host": host}).json()["upload_url"]
            assert url.startswith(f"http://{host}/_s/uploads/")

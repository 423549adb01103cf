import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from fastclip import leases, store
from fastclip.api.pages import POLICY
from tests.api.conftest import Site, open_site

INDEX = '<!doctype html><title>FastClip</title><script type="module" src="/assets/index-abc.js"></script>'


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A site whose pages are built; a secret lies beside them."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "ui" / "assets").mkdir(parents=True)
    (folder / "ui" / "index.html").write_text(INDEX)
    (folder / "ui" / "mark.svg").write_text("<svg/>")
    (folder / "ui" / "assets" / "index-abc.js").write_text("export {}")
    (folder / "ui" / "assets" / "font.woff2").write_bytes(b"font")
    (folder / "ui" / "assets" / "lib.wasm").write_bytes(b"wasm")
    (folder / "secret.txt").write_text("the secret")
    (folder / "ui" / "out.txt").symlink_to(folder / "secret.txt")
    with open_site(folder, pages_folder=folder / "ui") as site, site.client() as client:
        yield client


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/studio",
        "/studio/upl_a1b2",
        "/captions",
        "/library",
        "/settings/keys",
        "/owner/health",
        "/setup",
        "/sign-in",
    ],
)
def test_every_address_of_the_pages_is_the_page(built: httpx.Client, path: str) -> None:
    got = built.get(path)
    assert got.status_code == 200 and got.text == INDEX
    assert got.headers["content-type"] == "text/html; charset=utf-8"
    assert got.headers["content-security-policy"] == POLICY
    assert got.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/assets/index-abc.js", "text/javascript; charset=utf-8"),
        ("/assets/font.woff2", "font/woff2"),
        ("/assets/lib.wasm", "application/wasm"),
        ("/mark.svg", "image/svg+xml"),
    ],
)
def test_files_of_the_pages_have_their_type(built: httpx.Client, path: str, kind: str) -> None:
    got = built.get(path)
    assert got.status_code == 200 and got.headers["content-type"] == kind
    is_fixed = "immutable" in got.headers["cache-control"]
    assert is_fixed == path.startswith("/assets/")


def test_a_page_that_the_browser_has_is_not_sent_again(built: httpx.Client) -> None:
    etag = built.get("/").headers["etag"]
    again = built.get("/", headers={"If-None-Match": etag})
    assert again.status_code == 304 and again.content == b""
    assert built.head("/").headers["content-length"] == str(len(INDEX))


@pytest.mark.parametrize("path", ["/nothing", "/assets/gone.js", "/out.txt", "/assets", "/index.htm", "/.env"])
def test_what_is_no_page_is_not_there(built: httpx.Client, path: str) -> None:
    got = built.get(path)
    assert got.status_code == 404 and got.json()["code"] == "not_found"


def test_a_new_build_is_served_without_a_restart(built: httpx.Client, tmp_path: Path) -> None:
    with open_site(tmp_path, pages_folder=tmp_path / "ui") as site, site.client() as client:
        assert "packaging/run" in client.get("/").text
        (tmp_path / "ui").mkdir()
        (tmp_path / "ui" / "index.html").write_text("built")
        assert client.get("/").text == "built"


def test_the_server_says_that_it_is_healthy_and_which_version_it_is(client: httpx.Client) -> None:
    said = client.get("/healthz").json()
    assert said["ok"] is True and re.fullmatch(r"\d+\.\d+\.\d+.*", said["version"])


def test_it_is_ready_only_while_a_worker_lives(site: Site, client: httpx.Client) -> None:
    without = client.get("/readyz")
    assert without.status_code == 503 and "worker" in without.json()["reasons"][0]
    leases.extend(leases.owner_name(), [])
    assert client.get("/readyz").json() == {"ok": True, "reasons": []}
    with store.write():
        leases.WorkerSeen.update(seen_at=0.0).execute()
    assert client.get("/readyz").status_code == 503

"""The pages of a shared clip: what stands in them, what runs, who may frame them; hostile titles in Chromium."""

import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, sync_playwright

from fastclip import accounts, library, retention, store
from fastclip.api.html import Html, fill
from fastclip.library import Clip
from tests.api.conftest import Site, open_site
from tests.conftest import keep_clip

HOSTILE = [
    "<script>alert(1)</script>",
    '"><script>alert(2)</script>',
    "'><img src=x onerror=alert(3)>",
    "</title><script>alert(4)</script>",
    "</h1><svg onload=alert(5)>",
    '" onmouseover="alert(6)',
    '" autofocus onfocus="alert(7)',
    "<img src=x onerror=alert(8)>",
    "<svg><animate onbegin=alert(9) attributeName=x>",
    "<iframe srcdoc='<script>parent.alert(10)</script>'>",
    "<a href=javascript:alert(11)>x</a>",
    "<body onload=alert(12)>",
    "<details open ontoggle=alert(13)>",
    "<video><source onerror=alert(14)></video>",
    "<math><mtext></mtext><script>alert(15)</script></math>",
    "--><script>alert(16)</script><!--",
    "<style>@import 'javascript:alert(17)'</style>",
    "<base href=https://evil.example/>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(19)'>",
    "&lt;script&gt;alert(20)&lt;/script&gt;",
    "$title ${body} $$ %s {clip}",
    "<form action=https://evil.example><button autofocus>x</button></form>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "\u202e<script>alert(24)</script>",
    "<object data=javascript:alert(25)></object>",
]


class Seen(HTMLParser):
    """The tags, attributes and text of a page, as a browser reads them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def first(self, tag: str) -> dict[str, str | None]:
        return next(attributes for name, attributes in self.tags if name == tag)


@pytest.fixture
def clip(site: Site) -> Clip:
    return keep_clip(accounts.by_id(site.owner_id), title="Launch")


def page(client: httpx.Client, clip: Clip, kind: str = "c") -> Seen:
    answer = client.get(f"/{kind}/{clip.id}")
    assert answer.status_code == 200 and answer.headers["content-type"] == "text/html; charset=utf-8"
    return Seen(answer.text)


def test_the_page_plays_and_downloads_the_clip_by_links_that_work(client: httpx.Client, clip: Clip) -> None:
    seen = page(client, clip)
    video = seen.first("video")
    assert video["data-clip"] == clip.id and "controls" in video and "Launch" in seen.text
    for link in (video["src"], video["poster"], next(a["href"] for t, a in seen.tags if a.get("class") == "download")):
        assert client.get(str(link)).status_code == 200
    assert client.get(str(video["src"]), headers={"Range": "bytes=0-1"}).content == b"fi"
    assert "0:01 · MP4 · 0 views · kept until" in seen.text


@pytest.mark.parametrize(("format", "tag"), [("mp3", "audio"), ("gif", "img"), ("mp4", "video")])
def test_each_kind_of_clip_has_its_player(site: Site, client: httpx.Client, format: str, tag: str) -> None:
    clip = keep_clip(accounts.by_id(site.owner_id), format=format)
    for kind in ("c", "embed"):
        assert [name for name, attributes in page(client, clip, kind).tags if attributes.get("data-clip")] == [tag]


def test_other_sites_are_told_what_to_show(client: httpx.Client, site: Site, clip: Clip) -> None:
    meta = {a["property"]: a["content"] for t, a in page(client, clip).tags if t == "meta" and "property" in a}
    assert (meta["og:title"], meta["og:type"], meta["og:video:type"]) == ("Launch", "video.other", "video/mp4")
    assert meta["og:url"] == f"{site.address}/c/{clip.id}"
    assert httpx.get(str(meta["og:image"])).status_code == httpx.get(str(meta["og:video"])).status_code == 200


@pytest.mark.parametrize(("kind", "ancestors"), [("c", "'none'"), ("embed", "*")])
def test_nothing_but_our_own_files_runs_and_only_the_embed_page_may_be_framed(
    client: httpx.Client, clip: Clip, kind: str, ancestors: str
) -> None:
    answer = client.get(f"/{kind}/{clip.id}")
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert policy["frame-ancestors"] == ancestors and "unsafe" not in str(policy)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert [a["src"] for t, a in Seen(answer.text).tags if t == "script"] == ["/share.js"]
    assert not re.search(r"<style|\son\w+=|javascript:|style=", answer.text)


@pytest.mark.parametrize("kind", ["c", "embed"])
def test_a_clip_that_is_over_or_never_was_says_so(client: httpx.Client, clip: Clip, kind: str) -> None:
    Clip.update(expires_at=store.now() - timedelta(seconds=1)).where(Clip.id == clip.id).execute()
    for clip_id in (clip.id, "nothing", "00000000-0000-4000-8000-000000000000"):
        answer = client.get(f"/{kind}/{clip_id}")
        assert answer.status_code == 404 and "no longer here" in answer.text and "Launch" not in answer.text
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_hidden_and_pinned_facts_are_left_out(client: httpx.Client, clip: Clip) -> None:
    library.show_views(clip.account_id, clip.id, is_visible=False)
    retention.pin(clip.account_id, clip.id)
    text = page(client, clip).text
    assert "view" not in text and "kept until" not in text


def test_values_are_escaped_and_markup_of_ours_is_not() -> None:
    assert fill('<b title="$a">$b</b>', a='"<', b=Html("<i>")) == '<b title="&quot;&lt;"><i></b>'


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=quiet)
        yield opened
        opened.close()


def test_no_hostile_title_runs_in_a_browser(browser: Browser, site: Site) -> None:
    """All payloads as one clip's title and file name each; the sinks: title, meta, heading, player, link, embed."""
    owner = accounts.by_id(site.owner_id)
    context = browser.new_context(base_url=site.address)
    window, dialogs, elsewhere = context.new_page(), list[str](), list[str]()
    window.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    window.on("request", lambda asked: None if asked.url.startswith(site.address) else elsewhere.append(asked.url))
    for group in (HOSTILE[n : n + 5] for n in range(0, len(HOSTILE), 5)):
        title = " ".join(group)
        clip = keep_clip(owner, title="hostile")
        Clip.update(title=title, file_name=f"{title}.mp4").where(Clip.id == clip.id).execute()
        for kind in ("c", "embed"):
            window.goto(f"/{kind}/{clip.id}", wait_until="domcontentloaded")
            shown = window.locator("h1" if kind == "c" else "a.name").text_content()
            assert shown == title and window.locator("[data-clip]").get_attribute("title") == title
            window.locator("[data-clip]").hover()
            assert window.locator("script").count() == 1 and window.locator("iframe, object, form, base").count() == 0
    assert dialogs == [] and elsewhere == []
    context.close()


def test_links_lead_to_the_public_address(tmp_path: Path) -> None:
    with open_site(tmp_path, public_url="https://clips.example.org/") as site, site.client() as client:
        clip = keep_clip(accounts.by_id(site.owner_id))
        meta = {a.get("property"): a.get("content") for t, a in page(client, clip).tags if t == "meta"}
    assert meta["og:url"] == f"https://clips.example.org/c/{clip.id}"
    assert str(meta["og:image"]).startswith("https://clips.example.org/_s/")

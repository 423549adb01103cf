"""Messages to the owner, their hourly limit, and the outbox."""

from collections.abc import Iterator

import httpx
import pytest

from fastclip import store, support
from fastclip.api.rates import Rates
from fastclip.mail import Mail
from fastclip.support import Message
from fastclip.worker import Worker
from tests.api.conftest import Site, open_site

ASK = {"subject": "A clip ends too early", "message": "Job job_123 asked for 12 to 48 s."}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with open_site(tmp_path_factory.mktemp("site"), rates=Rates(hourly={"support": 1000})) as opened:
        store.queue.serve(Worker(opened.settings).perform, {})
        yield opened


@pytest.fixture
def script(site: Site) -> Iterator[httpx.Client]:
    with site.client(Authorization=f"Bearer {site.member_key}") as opened:
        yield opened


def test_a_message_to_support_is_kept_and_mailed_to_the_owner(script: httpx.Client) -> None:
    answer = script.post("/v1/support", json=ASK | {"email": "ana@example.org"}).raise_for_status().json()
    assert answer["ok"] is True and answer["ticket_id"].startswith("tkt_")
    kept = Message.get_by_id(answer["ticket_id"])
    assert (kept.kind, kept.subject, kept.text) == ("support", ASK["subject"], ASK["message"])
    letter = Mail.get_by_id(kept.mail_id)
    assert (letter.recipient, letter.reply_to) == ("owner@example.org", "ana@example.org")
    assert letter.subject == "Support: A clip ends too early" and ASK["message"] in letter.text


def test_a_feature_request_is_kept_and_mailed_to_the_owner(script: httpx.Client) -> None:
    ask = {"title": "Export as WebM", "description": "Our site takes WebM only."}
    answer = script.post("/v1/feature-request", json=ask).raise_for_status().json()
    kept = Message.get_by_id(answer["ticket_id"])
    letter = Mail.get_by_id(kept.mail_id)
    assert kept.kind == "feature" and letter.subject == "Feature request: Export as WebM"
    assert letter.reply_to == "member@example.org"


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"subject": ""}, "subject"),
        ({"subject": "x" * (support.SUBJECT_CHARS + 1)}, "subject"),
        ({"subject": "x\r\nBcc: evil@example.org"}, "subject"),
        ({"message": ""}, "message"),
        ({"message": "x" * (support.TEXT_CHARS + 1)}, "message"),
        ({"email": "nobody"}, "email"),
        ({"email": "a@b.c, d@e.f"}, "email"),
        ({"more": 1}, "more"),
    ],
)
def test_a_message_that_cannot_be_sent_is_refused_with_the_field(
    script: httpx.Client, change: dict[str, object], param: str
) -> None:
    before = Message.select().count()
    answer = script.post("/v1/support", json=ASK | change)
    assert (answer.status_code, answer.json()["param"]) == (400, param)
    assert Message.select().count() == before


def test_five_messages_an_hour_are_enough(tmp_path_factory: pytest.TempPathFactory, script: httpx.Client) -> None:
    rates = Rates()
    headers: list[tuple[bytes, bytes]] = []
    for _ in range(5):
        rates.count("support", account_id="usr_a", ip="", headers=headers)
    with pytest.raises(Exception, match="5 an hour are allowed here") as refused:
        rates.count("support", account_id="usr_a", ip="", headers=headers)
    assert 60 < refused.value.retry_after_s <= 3600  # type: ignore[attr-defined]
    assert script.post("/v1/support", json=ASK).headers["ratelimit-limit"] == "1000"


def test_the_owner_reads_the_outbox_and_nobody_else(site: Site, script: httpx.Client) -> None:
    script.post("/v1/support", json=ASK).raise_for_status()
    with site.signed_in() as owner:
        first = owner.get("/v1/admin/outbox", params={"limit": 1}).json()
        assert first["mail_server"] is None
        (letter,) = first["data"]
        assert set(letter) == {"id", "to", "reply_to", "subject", "text", "status", "attempt", "error"} | {
            "created_at",
            "next_attempt_at",
            "sent_at",
        }
        assert letter["status"] == "outbox" and ASK["message"] in letter["text"]
        rest = owner.get("/v1/admin/outbox", params={"cursor": first["next_cursor"], "status": "outbox"}).json()
        assert letter["id"] not in {one["id"] for one in rest["data"]}
        assert owner.get("/v1/admin/outbox", params={"status": "lost"}).status_code == 400
    with site.signed_in("member@example.org") as member:
        assert member.get("/v1/admin/outbox").status_code == 403
    assert script.get("/v1/admin/outbox").json()["code"] == "session_required"

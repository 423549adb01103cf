"""Members as the owner keeps them, closing an account, and handing the installation over."""

from pathlib import Path

import pytest

from fastclip import (
    accounts,
    api_keys,
    glossary,
    jobs,
    library,
    members,
    retention,
    sessions,
    store,
    support,
    tickets,
    webhooks,
)
from fastclip.accounts import Account
from fastclip.api_keys import ApiKey
from fastclip.billing import ledger, wallet
from fastclip.billing.ledger import Hold, LedgerEntry
from fastclip.clips import trim
from fastclip.errors import Conflict, InvalidRequest, NotAllowed, NotFound, Unauthorized
from fastclip.sessions import Session
from fastclip.settings import Settings
from fastclip.uploads import Upload
from tests.conftest import PASSWORD, Send, everything_kept, keep_clip


def test_everybody_is_listed_with_what_they_keep_the_owner_first(owner: Account, member: Account) -> None:
    clip = keep_clip(member)
    sessions.begin(member.id)
    rows = members.listed()
    assert [row["email"] for row in rows] == ["owner@example.org", "member@example.org"]
    assert (rows[1]["clip_count"], rows[1]["clip_bytes"]) == (1, clip.size_bytes)
    assert (rows[1]["kept_bytes"], rows[1]["temporary_bytes"]) == (0, clip.size_bytes)
    retention.pin(member.id, clip.id)
    room = members.listed()[1]
    assert (room["kept_bytes"], room["temporary_bytes"]) == (clip.size_bytes, 0)
    assert room["quota_bytes"] == 10_000_000_000
    assert rows[1]["last_seen_at"] and not rows[0]["last_seen_at"]
    assert (rows[0]["is_covered"], rows[1]["is_covered"], rows[1]["balance"]) == (True, False, 0.0)


def test_the_owner_decides_who_pays_but_is_covered(owner: Account, member: Account) -> None:
    assert members.change(member.id, is_covered=True, name=" Ben ").name == "Ben"
    assert accounts.by_id(member.id).is_covered
    with pytest.raises(Conflict):
        members.change(owner.id, is_covered=False)
    with pytest.raises(NotFound):
        members.change("usr_x", is_covered=False)
    with pytest.raises(InvalidRequest):
        members.change(member.id, name=" ")


# -- A new password ----------------------------------------------------------------------------------------


def test_a_reset_link_sets_one_password_and_ends_every_session(member: Account) -> None:
    sessions.begin(member.id)
    first, token = tickets.reset_token(member.id), tickets.reset_token(member.id)
    for worthless in (first, "x"):
        with pytest.raises(NotAllowed) as refused:
            tickets.reset_password(worthless, "staple wagon lantern")
        assert refused.value.code == "link_invalid"
    with pytest.raises(InvalidRequest):
        tickets.reset_password(token, "short")
    tickets.reset_password(token, "staple wagon lantern")
    assert Session.select().count() == 0
    with pytest.raises(NotAllowed):
        tickets.reset_password(token, "another lantern wagon")
    assert sessions.sign_in(member.email, "staple wagon lantern")


# -- Handing over ------------------------------------------------------------------------------------------


def test_the_installation_is_handed_over_with_its_cover_and_both_sign_in_anew(owner: Account, member: Account) -> None:
    for account in (owner, member):
        sessions.begin(account.id)
    members.hand_over(owner, member.id)
    assert (accounts.by_id(owner.id).role, accounts.by_id(member.id).role) == ("member", "owner")
    assert accounts.by_id(member.id).is_covered and Session.select().count() == 0
    with pytest.raises(Conflict, match="no longer the owner"):
        members.hand_over(owner, member.id)


def test_it_is_handed_to_nobody_who_is_not_here(owner: Account, member: Account) -> None:
    members.close(member.id)
    for who in ("usr_x", member.id):
        with pytest.raises(NotFound):
            members.hand_over(owner, who)
    with pytest.raises(Conflict):
        members.hand_over(owner, owner.id)
    assert accounts.owner() == owner


# -- Closing -----------------------------------------------------------------------------------------------


def test_the_owner_cannot_leave_until_somebody_else_is_it(owner: Account, member: Account) -> None:
    with pytest.raises(Conflict, match="hand this installation over"):
        members.close(owner.id)
    members.hand_over(owner, member.id)
    members.close(owner.id)
    with pytest.raises(NotFound):
        members.close(owner.id)


def test_a_closed_account_is_out_at_once_and_nothing_tells_who_it_was(member: Account) -> None:
    token, (_, key) = sessions.begin(member.id), api_keys.add(member.id, "script")
    reset = tickets.reset_token(member.id)
    members.close(member.id)
    for ask in (
        lambda: sessions.by_token(token),
        lambda: api_keys.by_key(key, ip=""),
        lambda: sessions.sign_in("member@example.org", PASSWORD),
    ):
        with pytest.raises(Unauthorized):
            ask()
    with pytest.raises(NotAllowed):
        tickets.reset_password(reset, PASSWORD)
    assert ApiKey.select().count() == 0 and [row["id"] for row in members.listed()] == []
    assert "member" not in (left := accounts.by_id(member.id)).email and left.name == "Closed account"
    assert accounts.add("member@example.org", PASSWORD, role="member").id != member.id


def test_closing_cancels_refunds_and_deletes_but_the_ledger_still_adds_up(
    data: Settings, member: Account, send: Send, tiny: Path
) -> None:
    with store.write():
        ledger.credit(member.id, "grant", 100, key="grant:1")
    before = everything_kept(data)
    upload = send(member, tiny)
    trim.request(member, upload.id, [(0.0, 1.0)], via="session")
    keep_clip(member, title="Secret plans")
    webhooks.add(member, "https://example.org/hook", ["clip.complete"])
    glossary.keep(member.id, ["Zürich"])
    support.send(member, "support", "Help", "Please", email="ben@home.example")
    wallet.change(member.id, customer_id="cus_ben", is_reload_on=True)
    store.queue.serve(lambda job_id: None, {})  # from here on nobody works
    trim.request(member, upload.id, [(1.0, 2.0)], via="session")
    assert ledger.balance(member.id) == (96, 2)

    members.close(member.id)
    assert ledger.balance(member.id) == (98, 0)
    entries = LedgerEntry.select().where(LedgerEntry.account_id == member.id)
    assert sum(entry.d_balance_cents for entry in entries) == 98
    assert Hold.select().where(Hold.state == "open").count() == 0
    assert everything_kept(data) == before
    assert {job.status for job in jobs.Job.select()} <= {"complete", "failed"}
    told = [str(row) for table in (Upload, library.Clip, jobs.Job) for row in table.select().dicts()]
    assert not [row for row in told if "Secret plans" in row or tiny.name in row]
    assert webhooks.of_account(member.id) == [] and glossary.words_of(member.id) == []
    kept = wallet.of(member.id)
    assert support.Message.select().count() == 0 and not kept.is_reload_on
    assert kept.customer_id == "cus_ben", "until Stripe has forgotten it too"


def test_what_a_late_job_left_of_a_closed_account_goes_with_the_sweep(data: Settings, member: Account) -> None:
    before = everything_kept(data)
    members.close(member.id)
    keep_clip(member)
    members.finish_closing()
    assert everything_kept(data) == before and library.listed(member.id, limit=9)[0] == []

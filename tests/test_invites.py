"""Invites: who can join with which link, and how often."""

from datetime import timedelta

import pytest

from fastclip import accounts, invites, store
from fastclip.accounts import Account
from fastclip.errors import Conflict, InvalidRequest, NotAllowed, NotFound
from fastclip.invites import Invite
from tests.conftest import PASSWORD


def test_a_link_makes_one_member_with_what_the_invite_says(owner: Account) -> None:
    invite, token = invites.add(owner, is_covered=False)
    ben = invites.join(token, "ben@example.org", PASSWORD, name="Ben")
    assert (ben.role, ben.is_covered, ben.name) == ("member", False, "Ben")
    with pytest.raises(NotAllowed) as refused:
        invites.join(token, "eve@example.org", PASSWORD, name="Eve")
    assert refused.value.code == "link_invalid" and not accounts.is_taken("eve@example.org")
    assert Invite.get_by_id(invite.id).used_by == ben.id and invites.pending() == []


def test_the_token_is_long_and_only_its_digest_is_kept(owner: Account) -> None:
    invite, token = invites.add(owner, is_covered=True)
    assert len(token) == 43
    assert token not in str(invite.__data__) and len(invite.digest) == 64


def test_an_invite_with_an_address_is_for_that_address(owner: Account) -> None:
    _, token = invites.add(owner, email=" Ben@Example.org ", is_covered=True)
    assert invites.find(token).email == "ben@example.org"
    with pytest.raises(InvalidRequest) as refused:
        invites.join(token, "eve@example.org", PASSWORD, name="Eve")
    assert refused.value.param == "email"
    assert invites.join(token, "BEN@example.org", PASSWORD, name="").name == "ben"


def test_who_is_here_already_is_not_invited(owner: Account) -> None:
    with pytest.raises(Conflict):
        invites.add(owner, email=owner.email, is_covered=True)
    with pytest.raises(InvalidRequest):
        invites.add(owner, email="nobody", is_covered=True)


def test_a_refused_join_leaves_the_invite_open(owner: Account) -> None:
    _, token = invites.add(owner, is_covered=True)
    for email, password, refusal in (("ben@example.org", "short", InvalidRequest), (owner.email, PASSWORD, Conflict)):
        with pytest.raises(refusal):
            invites.join(token, email, password, name="Ben")
    assert invites.join(token, "ben@example.org", PASSWORD, name="Ben")


@pytest.mark.parametrize("over", ["withdrawn", "too old", "never was"])
def test_an_invite_that_is_over_lets_nobody_in(owner: Account, over: str) -> None:
    invite, token = invites.add(owner, is_covered=True)
    if over == "withdrawn":
        invites.withdraw(invite.id)
        with pytest.raises(NotFound):
            invites.withdraw(invite.id)
    elif over == "too old":
        Invite.update(expires_at=store.now() - timedelta(seconds=1)).execute()
    else:
        token += "x"
    for ask in (lambda: invites.find(token), lambda: invites.join(token, "a@example.org", PASSWORD, name="A")):
        with pytest.raises(NotAllowed) as refused:
            ask()
        assert refused.value.code == "link_invalid"
    assert not accounts.is_taken("a@example.org")


def test_it_lasts_three_days_and_is_forgotten_a_month_later(owner: Account) -> None:
    invite, _ = invites.add(owner, is_covered=True)
    assert invite.expires_at - invite.created_at == pytest.approx(timedelta(hours=72), abs=timedelta(seconds=5))
    invites.forget()
    assert Invite.select().count() == 1
    Invite.update(expires_at=store.now() - timedelta(days=31)).execute()
    invites.forget()
    assert Invite.select().count() == 0


def test_there_is_an_end_to_open_invites(owner: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invites, "MOST_OPEN", 2)
    for _ in range(2):
        invites.add(owner, is_covered=True)
    with pytest.raises(Conflict) as refused:
        invites.add(owner, is_covered=True)
    assert refused.value.code == "limit_reached"

"""What holds when people race, on every database: one owner, one member an invite, one view a visitor."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fastclip import accounts, invites, members, settings, share, store
from fastclip.accounts import Account
from fastclip.errors import FastClipError
from tests.conftest import PASSWORD, keep_clip

MANY = 6


@pytest.fixture(params=["sqlite", "postgres"], autouse=True)
def _opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
    url = request.getfixturevalue("postgres") if request.param == "postgres" else ""
    store.open(settings.load(tmp_path / "data", database=url, queue="memory://"))
    yield
    store.close()


def at_once(act: Callable[[int], Any]) -> list[Any]:
    """What `act(n)` answered in each of many threads that begin together, or the code of its refusal."""
    start, answers = threading.Barrier(MANY), [None] * MANY

    def run(n: int) -> None:
        start.wait()
        try:
            answers[n] = act(n)
        except FastClipError as refusal:
            answers[n] = refusal.code
        finally:
            store.db.close()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(MANY)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def owners() -> int:
    return Account.select().where(Account.role == "owner").count()


def test_of_many_who_would_be_the_first_owner_one_is(tmp_path: Path) -> None:
    ends = at_once(lambda n: accounts.add(f"o{n}@example.org", PASSWORD, role="owner").role)
    assert sorted(ends) == ["conflict"] * (MANY - 1) + ["owner"] and owners() == 1


def test_of_many_hand_overs_one_goes_through() -> None:
    owner = accounts.add("owner@example.org", PASSWORD, role="owner")
    heirs = [accounts.add(f"m{n}@example.org", PASSWORD, role="member").id for n in range(MANY)]
    ends = at_once(lambda n: members.hand_over(owner, heirs[n]).role)
    assert sorted(ends) == ["conflict"] * (MANY - 1) + ["owner"] and owners() == 1


def test_of_many_who_use_one_invite_one_gets_in() -> None:
    owner = accounts.add("owner@example.org", PASSWORD, role="owner")
    _, token = invites.add(owner, is_covered=True)
    ends = at_once(lambda n: invites.join(token, f"m{n}@example.org", PASSWORD, name="M").role)
    assert sorted(ends) == ["link_invalid"] * (MANY - 1) + ["member"] and Account.select().count() == 2


def test_of_many_who_take_one_address_one_gets_it() -> None:
    ends = at_once(lambda n: accounts.add("ben@example.org", PASSWORD, role="member").role)
    assert sorted(ends) == ["conflict"] * (MANY - 1) + ["member"]


def test_of_many_views_of_one_visitor_one_counts_and_of_many_visitors_each() -> None:
    clip = keep_clip(accounts.add("owner@example.org", PASSWORD, role="owner"))

    def watch(visitor_id: str) -> bool:
        said = {"visitor_id": visitor_id, "ip": "", "user_agent": "", "viewer_id": None, "secret": b"s"}
        return share.count(share.find(clip.id), **said)[0]

    assert sorted(at_once(lambda n: watch("one-visitor"))) == [False] * (MANY - 1) + [True]
    assert at_once(lambda n: watch(f"visitor-{n}")) == [True] * MANY
    assert share.find(clip.id).views == MANY + 1

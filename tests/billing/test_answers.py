"""One answer for one Idempotency-Key."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from fastclip import store
from fastclip.billing import answers
from fastclip.billing.answers import KeptAnswer, Turn
from fastclip.errors import Conflict, InvalidRequest
from fastclip.settings import Settings

ASKED = answers.digest("POST", "/v1/clip", b"{}")


def begin(key: str = "k", asked: str = ASKED, account_id: str = "usr_1") -> Turn | KeptAnswer:
    return answers.begin(account_id, key, asked)


def first(key: str = "k") -> Turn:
    turn = begin(key)
    assert isinstance(turn, Turn) and turn.refs == ()
    return turn


def lease_ends() -> None:
    KeptAnswer.update(lease_until=store.now() - timedelta(seconds=1)).execute()


def refused(ask: Callable[[], object]) -> str:
    with pytest.raises(Conflict) as refusal:
        ask()
    return refusal.value.code


def moves(turn: Turn, ref: str) -> None:
    """What the ledger does for a request that runs in its turn."""
    token = answers.current.set(turn)
    try:
        with store.write():
            answers.moved(ref)
    finally:
        answers.current.reset(token)


def test_the_first_request_runs_and_the_next_gets_its_answer(data: Settings) -> None:
    answers.keep(first(), 200, "application/json", '{"job_id":"job_1"}')
    again = begin()
    assert isinstance(again, KeptAnswer) and (again.status, again.body) == (200, '{"job_id":"job_1"}')


@pytest.mark.parametrize(
    "other",
    [
        answers.digest("POST", "/v1/clip", b"{ }"),
        answers.digest("POST", "/v1/captions", b"{}"),
        answers.digest("PUT", "/v1/clip", b"{}"),
    ],
    ids=["body", "path", "method"],
)
def test_a_key_belongs_to_one_request(data: Settings, other: str) -> None:
    turn = first()
    assert refused(lambda: begin(asked=other)) == "idempotency_conflict"  # while it runs
    answers.keep(turn, 200, "application/json", "{}")
    assert refused(lambda: begin(asked=other)) == "idempotency_conflict"  # and when it was answered


def test_while_the_first_runs_the_second_is_told_so(data: Settings) -> None:
    turn = first()
    assert refused(begin) == "idempotency_in_progress"
    lease_ends()
    answers.extend(turn)
    assert refused(begin) == "idempotency_in_progress"


def test_keys_of_two_accounts_are_not_the_same(data: Settings) -> None:
    assert isinstance(begin(), Turn) and isinstance(begin(account_id="usr_2"), Turn)


def test_a_refused_request_frees_its_key(data: Settings) -> None:
    answers.free(first())
    first()


def test_what_died_is_taken_over_by_one_that_learns_what_was_moved(data: Settings) -> None:
    dead = first()
    moves(dead, "job_1")
    moves(dead, "job_2")
    lease_ends()
    turn = begin()
    assert isinstance(turn, Turn) and turn.refs == ("job_1", "job_2")
    assert refused(begin) == "idempotency_in_progress"


def test_after_an_accident_the_next_one_takes_over_at_once(data: Settings) -> None:
    turn = first()
    moves(turn, "job_1")
    answers.let_go(turn)
    assert isinstance(over := begin(), Turn) and over.refs == ("job_1",)


def test_what_was_taken_over_moves_nothing_and_answers_nothing_any_more(data: Settings) -> None:
    """It was not dead, only late: a machine that slept."""
    late = first()
    lease_ends()
    turn = begin()
    assert isinstance(turn, Turn)
    assert refused(lambda: moves(late, "job_1")) == "idempotency_in_progress"
    answers.keep(late, 200, "application/json", '"late"')
    answers.free(late)
    answers.extend(late)
    answers.keep(turn, 200, "application/json", '"second"')
    assert KeptAnswer.get().body == '"second"'


def test_answers_are_forgotten_after_a_day(data: Settings) -> None:
    answers.keep(first(), 200, "application/json", "{}")
    KeptAnswer.update(created_at=store.now() - timedelta(hours=23, minutes=59)).execute()
    answers.forget_old()
    assert isinstance(begin(), KeptAnswer)
    KeptAnswer.update(created_at=store.now() - timedelta(hours=24, seconds=1)).execute()
    first()
    KeptAnswer.update(created_at=store.now() - timedelta(hours=24, seconds=1)).execute()
    answers.forget_old()
    assert KeptAnswer.select().count() == 0


@pytest.mark.parametrize("key", ["", "x" * 256, "caf\u00e9", "tab\there", "line\nbreak"])
def test_a_key_is_printable_ascii(data: Settings, key: str) -> None:
    with pytest.raises(InvalidRequest, match="1 to 255 printable ASCII"):
        begin(key)

"""One answer for one Idempotency-Key."""

from datetime import timedelta

import pytest

from fastclip import store
from fastclip.billing import answers
from fastclip.billing.answers import KeptAnswer
from fastclip.errors import Conflict, InvalidRequest
from fastclip.settings import Settings

ASKED = answers.digest("POST", "/v1/clip", b"{}")


def test_the_first_request_runs_and_the_next_gets_its_answer(data: Settings) -> None:
    assert answers.begin("usr_1", "k", ASKED) is None
    answers.keep("usr_1", "k", 200, "application/json", '{"job_id":"job_1"}')
    again = answers.begin("usr_1", "k", ASKED)
    assert again and (again.status, again.body) == (200, '{"job_id":"job_1"}')


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
    answers.begin("usr_1", "k", ASKED)
    for _ in range(2):  # while it runs, and when it was answered
        with pytest.raises(Conflict) as refusal:
            answers.begin("usr_1", "k", other)
        assert refusal.value.code == "idempotency_conflict"
        answers.keep("usr_1", "k", 200, "application/json", "{}")


def test_while_the_first_runs_the_second_is_told_so(data: Settings) -> None:
    answers.begin("usr_1", "k", ASKED)
    with pytest.raises(Conflict) as refusal:
        answers.begin("usr_1", "k", ASKED)
    assert refusal.value.code == "idempotency_in_progress"


def test_keys_of_two_accounts_are_not_the_same(data: Settings) -> None:
    assert answers.begin("usr_1", "k", ASKED) is None and answers.begin("usr_2", "k", ASKED) is None


def test_a_refused_request_frees_its_key(data: Settings) -> None:
    answers.begin("usr_1", "k", ASKED)
    answers.free("usr_1", "k")
    assert answers.begin("usr_1", "k", ASKED) is None


def test_answers_are_forgotten_after_a_day(data: Settings) -> None:
    answers.begin("usr_1", "k", ASKED)
    answers.keep("usr_1", "k", 200, "application/json", "{}")
    KeptAnswer.update(created_at=store.now() - timedelta(hours=23, minutes=59)).execute()
    answers.forget_old()
    assert answers.begin("usr_1", "k", ASKED)
    KeptAnswer.update(created_at=store.now() - timedelta(hours=24, seconds=1)).execute()
    assert answers.begin("usr_1", "k", ASKED) is None
    KeptAnswer.update(created_at=store.now() - timedelta(hours=24, seconds=1)).execute()
    answers.forget_old()
    assert KeptAnswer.select().count() == 0


@pytest.mark.parametrize("key", ["", "x" * 256, "caf\u00e9", "tab\there", "line\nbreak"])
def test_a_key_is_printable_ascii(data: Settings, key: str) -> None:
    with pytest.raises(InvalidRequest, match="1 to 255 printable ASCII"):
        answers.begin("usr_1", key, ASKED)

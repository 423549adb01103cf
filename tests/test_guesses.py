import threading

import pytest

from fastclip.errors import RateLimited
from fastclip.guesses import LONGEST_S, Guesses


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def guesses(clock: Clock) -> Guesses:
    return Guesses(clock)


def waits(guesses: Guesses, clock: Clock, key: str = "ana") -> int:
    """How long the next try has to wait, 0 when it was taken."""
    try:
        guesses.take(key)
    except RateLimited as refused:
        return refused.retry_after_s
    return 0


def test_five_wrong_tries_are_free_and_then_the_wait_doubles_up_to_a_quarter_of_an_hour(
    guesses: Guesses, clock: Clock
) -> None:
    assert [waits(guesses, clock) for _ in range(6)] == [0, 0, 0, 0, 0, 1]
    seen = []
    for _ in range(12):
        seen.append(waits(guesses, clock))
        clock.now += seen[-1]
        assert waits(guesses, clock) == 0
    assert seen == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900] and max(seen) == LONGEST_S


def test_trying_while_one_has_to_wait_does_not_make_it_longer(guesses: Guesses, clock: Clock) -> None:
    for _ in range(5):
        guesses.take("ana")
    assert {waits(guesses, clock) for _ in range(50)} == {1}
    clock.now += 1
    assert waits(guesses, clock) == 0


def test_the_right_one_forgets_the_wrong_ones(guesses: Guesses, clock: Clock) -> None:
    for _ in range(4):
        guesses.take("ana")
    guesses.was_right("ana")
    assert [waits(guesses, clock) for _ in range(6)] == [0, 0, 0, 0, 0, 1]


def test_keys_do_not_hinder_each_other_and_an_hour_forgives(guesses: Guesses, clock: Clock) -> None:
    for _ in range(5):
        guesses.take("ana")
    assert waits(guesses, clock) == 1 and waits(guesses, clock, "ben") == 0
    clock.now += 3600
    assert [waits(guesses, clock) for _ in range(6)] == [0, 0, 0, 0, 0, 1]


def test_many_at_once_are_no_more_than_many_in_a_row(guesses: Guesses, clock: Clock) -> None:
    taken = []
    threads = [threading.Thread(target=lambda: taken.append(waits(guesses, clock) == 0)) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == 5


def test_what_is_remembered_stays_bounded(guesses: Guesses, clock: Clock) -> None:
    for n in range(10_100):
        guesses.take(n)
    assert len(guesses._tries) <= 10_000

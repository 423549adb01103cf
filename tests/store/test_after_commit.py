import pytest

from fastclip import store
from fastclip.settings import Settings


def test_a_task_waits_for_the_outermost_transaction(data: Settings) -> None:
    done: list[str] = []
    with store.write():
        with store.write():
            store.after_commit(lambda: done.append("told"))
        assert done == []
    assert done == ["told"]


def test_a_task_goes_with_a_transaction_that_is_undone(data: Settings) -> None:
    done: list[str] = []
    with pytest.raises(RuntimeError), store.write():
        store.after_commit(lambda: done.append("told"))
        raise RuntimeError("undone")
    with store.write():
        pass
    assert done == []


def test_a_task_without_a_transaction_is_done_at_once(data: Settings) -> None:
    done: list[str] = []
    store.after_commit(lambda: done.append("told"))
    assert done == ["told"]


def test_a_task_may_write(data: Settings) -> None:
    done: list[str] = []

    def write_more() -> None:
        with store.write():
            store.after_commit(lambda: done.append("inner"))

    with store.write():
        store.after_commit(write_more)
    assert done == ["inner"]

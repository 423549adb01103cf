import pytest

from fastclip.errors import InvalidRequest
from fastclip.store.queue import LANES, Queue


def test_a_queue_of_another_kind_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="begins amqp://; use sqlite:// or redis://"):
        Queue("amqp://localhost")


@pytest.mark.parametrize("lane", LANES)
def test_every_lane_takes_ids(lane: str) -> None:
    queue, taken = Queue("memory://"), []
    queue.serve(taken.append, {})
    queue.push("job_1", lane=lane)
    assert taken == ["job_1"]


def test_in_memory_a_push_runs_before_it_returns_and_without_anybody_serving_does_nothing() -> None:
    queue = Queue("memory://")
    queue.push("job_1", lane="light")
    taken: list[str] = []
    queue.serve(taken.append, {})
    queue.push("job_2", lane="light")
    assert taken == ["job_2"]

"""The steady bell (门铃) of a door under load: seldom, and never silent."""

import time

import pytest

from dispatch.jobs import QUEUES, Doorbell, SteadyDoorbell, UnknownQueue, build_worker, work

EMPTY = dict.fromkeys(QUEUES, 0)


def test_a_steady_bell_rings_at_once_and_makes_up_for_what_came_too_soon(empty_valkey):
    bell = SteadyDoorbell(empty_valkey)
    try:
        assert bell.ring("triage")
        bell.answered("triage")  # a worker takes the bell down at once
        assert all(bell.ring("triage") for _ in range(100))
        deadline = time.monotonic() + 5
        while bell.depth() == {**EMPTY, "triage": 1} and time.monotonic() < deadline:
            time.sleep(0.005)
        assert bell.depth() == {**EMPTY, "triage": 2}  # one at once, one for all that came too soon
    finally:
        bell.close()


def test_a_steady_bell_rings_what_it_owes_before_it_closes(empty_valkey):
    bell = SteadyDoorbell(empty_valkey, clock=lambda: 0.0)
    bell.ring("notices")
    bell.answered("notices")
    bell.ring("notices")
    bell.close()
    other = Doorbell(empty_valkey)
    assert other.depth() == {**EMPTY, "notices": 2}
    other.close()


@pytest.mark.parametrize("queues", [[], ["trige"], ["triage", ""], "triage"])
def test_an_unknown_queue_is_refused_with_the_list_of_the_known(queues: list[str]) -> None:
    with pytest.raises(UnknownQueue) as refused:
        work("redis://127.0.0.1:1/0", queues)
    assert "、".join(QUEUES) in str(refused.value.as_dict())
    with pytest.raises(UnknownQueue):
        build_worker("redis://127.0.0.1:1/0", queues)

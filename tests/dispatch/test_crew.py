"""Work shared out (分头做): every task once, faults and deaths told, and nobody left behind."""

import os
import shutil
import signal

import pytest

from dispatch.crew import Interrupted, share
from rules.errors import BadInput
from tests.desks import prepared_desk


def work(desk, task):
    """What the tasks of these tests ask for."""
    if task == "refuse":
        raise BadInput("不行。", hint="换一个。")
    if task == "break":
        raise ValueError("broken")
    if task == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    with desk.database.reading() as tx:
        return task, tx.connection().exec_driver_sql("SELECT count(*) FROM pack").scalar(), os.getpid()


@pytest.fixture
def desk(prepared, tmp_path):
    """On SQLite alone: nothing here is the database's."""
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    with prepared_desk(tmp_path) as made:
        yield made


@pytest.mark.parametrize("processes", [1, 2])
def test_every_task_is_done_once(desk, processes):
    found = list(share(desk, processes, work, iter(range(5))))
    assert sorted(task for task, _ in found) == list(range(5))
    assert all(answer[:2] == (task, 1) for task, answer in found)
    assert (os.getpid() in {answer[2] for _, answer in found}) is (processes == 1)


@pytest.mark.parametrize(
    ("task", "fault"), [("refuse", BadInput), ("break", RuntimeError), ("die", Interrupted)]
)
def test_what_goes_wrong_in_a_process_is_told(desk, task, fault):
    with pytest.raises(fault) as raised:
        list(share(desk, 2, work, iter([task])))
    assert fault is not BadInput or (raised.value.detail, raised.value.advice) == ("不行。", "换一个。")

"""One work shared out (分头做): task by task in this process, or in several that end with it."""

import multiprocessing
import os
import signal
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar

from dispatch.desk import Desk, open_desk
from dispatch.settings import Settings
from rules.errors import DeskError

T = TypeVar("T")
R = TypeVar("R")

Work = Callable[[Desk, T], R]

#: A process that has nothing more to do gets this long to end.
_END_SECONDS = 10.0
#: By so much each process steps back behind the rest of the machine.
_NICE = 10


class Interrupted(DeskError):
    """一个工作进程意外中断了；已经做完的都已保存。"""

    code = "interrupted"
    hint = "请再运行一次同样的命令，会接着做。"


def share(desk: Desk, processes: int, work: Work[T, R], tasks: Iterable[T]) -> Iterator[tuple[T, R]]:
    """Do `work` with each task, in up to `processes` of them at once; task and result as they are done.

    `work` and tasks must travel between processes, so `work` is a function of a module. With one process all is done
    here, in order. A task is asked for only when somebody is free. Raises what the work raises, and Interrupted.
    """
    if processes <= 1:
        for task in tasks:
            yield task, work(desk, task)
        return
    crew = _Crew(desk, processes, work)
    try:
        yield from crew.do(tasks)
    finally:
        crew.close()


@dataclass(frozen=True, slots=True)
class _Answer(Generic[R]):
    """What a member sends back: the result, or what was raised."""

    result: R
    fault: Exception | None = None


class _Crew(Generic[T, R]):
    """Processes that each hold the desk open; each ends when its pipe closes, also when we are killed."""

    def __init__(self, desk: Desk, processes: int, work: Work[T, R]) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([__name__])
        self._members = []
        for _ in range(processes):
            pipe, other = context.Pipe()
            member = context.Process(target=_serve, args=(other, desk.settings, work), daemon=True)
            member.start()
            other.close()
            self._members.append((pipe, member))

    def do(self, tasks: Iterable[T]) -> Iterator[tuple[T, R]]:
        """Hand the tasks out and take the results in."""
        waiting = iter(tasks)
        under_way: dict[Connection, T] = {}
        for pipe, _ in self._members:
            self._hand_out(pipe, waiting, under_way)
        while under_way:
            ready = wait(list(under_way))
            for pipe in [each for each in under_way if each in ready]:
                yield under_way.pop(pipe), self._answer(pipe)
                self._hand_out(pipe, waiting, under_way)

    def _answer(self, pipe: Connection) -> R:
        try:
            answer: _Answer[R] = pipe.recv()
        except (EOFError, OSError):
            raise Interrupted() from None
        if answer.fault is not None:
            raise answer.fault
        return answer.result

    def _hand_out(self, pipe: Connection, waiting: Iterator[T], under_way: dict[Connection, T]) -> None:
        for task in waiting:
            try:
                pipe.send(task)
            except OSError:
                raise Interrupted() from None
            under_way[pipe] = task
            return

    def close(self) -> None:
        """Let each finish what it has begun, and end."""
        for pipe, _ in self._members:
            pipe.close()
        for _, member in self._members:
            member.join(_END_SECONDS)
            member.kill()


def _serve(pipe: Connection, settings: Settings, work: Work[Any, Any]) -> None:
    """One process: does what it is given until the pipe closes."""
    os.nice(_NICE)  # whoever sits at the desk comes first
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle; then the pipe closes
    with closing(pipe), suppress(EOFError, ConnectionError):
        desk = open_desk(settings, os.urandom)
        with closing(desk.database):
            while True:
                task = pipe.recv()
                try:
                    answer = _Answer(work(desk, task))
                except DeskError as fault:
                    answer = _Answer(None, fault)
                except Exception:
                    answer = _Answer(None, RuntimeError(traceback.format_exc()))
                pipe.send(answer)

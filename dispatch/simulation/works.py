"""The desk as its clients see it (仿真中的工作台): asked in this process, or in a child that is cut and killed."""

import logging
import multiprocessing
import os
import signal
import sys
import time
import traceback
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection
from random import Random
from typing import Any, NoReturn, Protocol

import structlog

from dispatch import figures
from dispatch.desk import Desk, open_desk
from dispatch.handle import perform
from dispatch.receive import Asked, Receipt, receive
from dispatch.settings import Settings
from dispatch.simulation import machinery
from dispatch.simulation.cuts import Cut, Cuts
from dispatch.storage import facts as stored_facts
from dispatch.storage import outbox, tickets
from intake.request import body_fingerprint, build
from rules.access import Actor
from rules.bodies import BODIES
from rules.errors import DeskError
from rules.terms import Act, Facts

#: The parent kills within this many seconds after it has asked.
_SOON = 0.02


class Gone(Exception):
    """The desk died before it answered: what was asked may be done, or not."""


class Refused(Exception):
    """The desk said no; the two arguments are the code and the words."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One act as a person asks for it: with the version that was looked at."""

    number: str
    act: Act
    words: Mapping[str, Any]
    version: int
    actor: Actor


class Asking(Protocol):
    """Where a client asks: `what` is a method of `Works`. Raises Refused, and Gone when it cannot know."""

    def ask(self, what: str, *words: Any) -> Any:
        """The answer."""
        ...

    def close(self) -> None:
        """Nothing will be asked any more."""
        ...


class Works:
    """What can be asked; each call is one use case of the desk, in its own transactions."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def receive(self, raw: Mapping[str, Any], key: str, actor: Actor, now: datetime) -> Receipt:
        """Accept one contact under its idempotency key."""
        request = build(raw, now, occasions=self._desk.packs.active(now).occasions)
        return receive(self._desk, request, Asked(actor, key, body_fingerprint(raw)), now)

    def act(self, wanted: Wanted, now: datetime) -> Facts:
        """Do one act."""
        body = BODIES[wanted.act](**wanted.words)
        return perform(self._desk, wanted.number, wanted.act, body, wanted.version, wanted.actor, now)

    def look(self, number: str) -> tuple[Facts, int]:
        """The ticket's page: its facts and its version."""
        with self._desk.database.reading() as tx:
            ticket = tickets.read(tx, number)
            return stored_facts.gather(tx, ticket), ticket.version

    def drain(self, now: datetime) -> datetime | None:
        """Let the workers empty the queues; when the next row can be worked on, None when none is left."""
        machinery.drain(self._desk, now)
        with self._desk.database.reading() as tx:
            return outbox.next_ready(tx)

    def tick(self, since: datetime, now: datetime) -> int:
        """Let the ticker fire what fell due since it last looked."""
        return machinery.pass_until(self._desk, since, now)

    def count(self, now: datetime) -> None:
        """Let the worker count what changed and give out the reports that are due."""
        while figures.drain(self._desk, now):
            pass


class Here:
    """The desk in this process."""

    def __init__(self, found: Settings, passing: bool) -> None:
        """Open what `found` names; `passing` says that it is thrown away afterwards."""
        self._desk = open_desk(found, os.urandom, open_database=Cuts("", 0.0, passing).database)
        self._works = Works(self._desk)

    def ask(self, what: str, *words: Any) -> Any:
        """Do it and answer."""
        try:
            return getattr(self._works, what)(*words)
        except DeskError as fault:
            raise Refused(fault.code, fault.detail) from fault

    def close(self) -> None:
        """Close the desk."""
        self._desk.database.close()


class Apart:
    """The desk in a child process; `kill` lets the next thing that is asked end with SIGKILL, in one of three ways."""

    WAYS = ("before", "after", "meanwhile")

    def __init__(self, found: Settings, seed: int, rate: float, passing: bool) -> None:
        """`rate` is the share of transactions that are cut, `seed` chooses which; `passing` as for `Here`."""
        self._found, self._seed, self._rate, self._passing = found, seed, rate, passing
        self._dice = Random(f"{seed}:kills")  # noqa: S311 - a story, not a secret
        self._way: str | None = None
        self._lives = 0
        self.cuts, self.kills = 0, 0
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([__name__])
        self._start()

    def _start(self) -> None:
        self._pipe, other = self._context.Pipe()
        cuts = Cuts(f"{self._seed}:life:{self._lives}", self._rate, self._passing)
        self._child = self._context.Process(target=serve, args=(other, self._found, cuts), daemon=True)
        self._child.start()
        other.close()
        self._lives += 1

    def kill(self, way: str) -> None:
        """The next one asked for: killed before or after its commit, or at any moment from outside."""
        self._way = way

    def ask(self, what: str, *words: Any) -> Any:
        """Ask the child. Raises Gone when it was cut or killed."""
        way, self._way = self._way, None
        try:
            self._pipe.send((what, words, way))
            if way == "meanwhile":
                time.sleep(self._dice.random() * _SOON)
                self._child.kill()
            kind, answer = self._pipe.recv()
        except (EOFError, OSError):
            self._again()
            raise Gone() from None
        if way == "meanwhile":
            self._again()  # it answered before it was killed
        match kind:
            case "done":
                return answer
            case "cut":
                self.cuts += 1
                raise Gone()
            case "refused":
                raise Refused(*answer)
            case _:
                raise RuntimeError(answer)

    def _again(self) -> None:
        self._child.join()
        if self._child.exitcode != -signal.SIGKILL:
            raise RuntimeError(f"the desk ended by itself, exit code {self._child.exitcode}")
        self.kills += 1
        self._pipe.close()
        self._start()

    def close(self) -> None:
        """End the child."""
        self._pipe.close()
        self._child.join(10)
        self._child.kill()


def quiet() -> None:
    """Let only what goes wrong be heard, on standard error: months bring thousands of lines."""
    warnings = structlog.make_filtering_bound_logger(logging.WARNING)
    structlog.configure(wrapper_class=warnings, logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))


def serve(pipe: Connection, found: Settings, cuts: Cuts) -> None:
    """The child: answers until the pipe closes. After a cut it forgets everything, as a new process would."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    quiet()
    with closing(pipe), suppress(EOFError, ConnectionError):  # the client has ended
        while True:
            desk = open_desk(found, os.urandom, open_database=cuts.database)
            try:
                _answer_all(pipe, Works(desk), cuts)
            except Cut:
                pipe.send(("cut", None))
            finally:
                desk.database.close()


def _answer_all(pipe: Connection, works: Works, cuts: Cuts) -> NoReturn:
    while True:
        what, words, way = pipe.recv()
        cuts.die = way if way in ("before", "after") else None
        try:
            answer = ("done", getattr(works, what)(*words))
        except DeskError as fault:
            answer = ("refused", (fault.code, fault.detail))
        except Exception:
            answer = ("broken", traceback.format_exc())
        pipe.send(answer)

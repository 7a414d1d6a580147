"""People who have logged in (登录): password checked once, then a signed cookie that lapses by itself."""

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dispatch import passwords
from dispatch.storage import registry
from dispatch.storage.database import Database
from dispatch.storage.people import Seal
from dispatch.storage.tables import User, UserRole
from rules.access import Actor
from rules.errors import DeskError
from rules.terms import Role

#: A working day with overtime; then the password is asked for again.
LASTS = timedelta(hours=12)
#: Somebody who was switched off, or whose roles changed, is noticed within this time.
FRESH = timedelta(seconds=5)
#: Password checks at once: each takes 19 MiB and 20 ms of a core.
CHECKS_AT_ONCE = 4

_PURPOSE = "session"


class WrongPassword(DeskError):
    """用户名或口令不对。"""

    code = "wrong_password"
    status = 401


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody logged in: the name to greet them by, and who they are to the rules."""

    name: str
    actor: Actor


class Sessions:
    """Logs people in and knows them again; safe to share between threads, and no row is kept of a session."""

    def __init__(self, database: Database, seal: Seal, random: Callable[[int], bytes]) -> None:
        """Nothing is read yet."""
        self._database = database
        self._seal = seal
        self._random = random
        self._people: dict[str, tuple[User, Visitor]] = {}
        self._looked: datetime | None = None
        self._lock = threading.Lock()
        self._checks = threading.BoundedSemaphore(CHECKS_AT_ONCE)
        self._nobody: str | None = None

    def log_in(self, login: str, password: str, now: datetime) -> str:
        """The cookie for somebody whose password is right. Raises WrongPassword, for a wrong log-in just the same."""
        held = self._person(login, now)
        with self._checks:
            right = passwords.verify(password, held[0].password if held else self._decoy())
        if held is None or not right:
            raise WrongPassword()
        until = int((now + LASTS).timestamp())
        return f"{until}.{held[0].login}.{self._signature(held[0], until)}"

    def visitor(self, cookie: str, now: datetime) -> Visitor | None:
        """Who shows this cookie; None when it is forged or has lapsed, or the person was switched off.

        A new password makes all earlier cookies worthless.
        """
        until, _, rest = cookie.partition(".")
        login, _, signature = rest.rpartition(".")
        if not (until.isascii() and until.isdigit() and len(until) <= 12):
            return None
        if datetime.fromtimestamp(int(until), UTC) <= now:
            return None
        held = self._person(login, now)
        if held is None or not secrets.compare_digest(
            _ascii(signature), self._signature(held[0], int(until)).encode()
        ):
            return None
        return held[1]

    def _signature(self, user: User, until: int) -> str:
        return self._seal.sign(f"{until}\n{user.login}\n{user.password}", _PURPOSE)

    def _decoy(self) -> str:
        """A password nobody knows, so that an unknown log-in takes as long as a wrong password."""
        if self._nobody is None:
            self._nobody = passwords.hash_password(self._random(16).hex(), self._random)
        return self._nobody

    def _person(self, login: str, now: datetime) -> tuple[User, Visitor] | None:
        with self._lock:
            if self._looked is None or not timedelta(0) <= now - self._looked < FRESH:
                with self._database.reading() as tx:
                    known = registry.users(tx)
                self._people = {
                    user.login: (user, _visitor(user, roles)) for user, roles in known if _works(user)
                }
                self._looked = now
            return self._people.get(login)


def _works(user: User) -> bool:
    return user.disabled_at is None


def _visitor(user: User, roles: list[UserRole]) -> Visitor:
    """Roles in several departments: the first department by code counts, as an actor has one."""
    department = min((each.department for each in roles if each.department), default=None)
    held = frozenset(Role(each.role) for each in roles if each.department in ("", department))
    return Visitor(user.name, Actor(user.login, held, department, f"user:{user.login}"))


def _ascii(written: str) -> bytes:
    return written.encode("ascii", "replace")

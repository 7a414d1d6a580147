"""Opening the database (数据库) and its one kind of writing transaction, on SQLite and on PostgreSQL."""

import errno
import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

import orjson
import structlog
from sqlalchemy import Connection, Engine, Select, Table, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolEmpty
from sqlmodel import Session

from dispatch.storage.prepared import as_json
from rules.errors import DeskError

log = structlog.get_logger(__name__)


class Outage(DeskError):
    """数据库暂时不能用，您的内容尚未保存，请稍后重试。"""

    code = "outage"
    status = 503


class DatabaseUnreachable(Outage):
    """数据库暂时连接不上，您的内容尚未保存，请稍后重试。"""

    code = "database_unreachable"
    status = 503
    hint = "请管理员运行 hotline doctor 查看原因。"


class Busy(Outage):
    """系统正忙，您的内容尚未保存，请稍后重试。"""

    code = "busy"
    status = 503
    hint = "一再出现时，请管理员增加数据库连接或工作进程。"


class DatabaseDamaged(DatabaseUnreachable):
    """数据库文件已损坏，或不是本系统的数据库。"""

    code = "database_damaged"
    hint = "请停下系统，用最近的备份恢复；损坏的文件请另行保留。"


class StorageFull(Outage):
    """磁盘已满，内容没有保存。"""

    code = "storage_full"
    status = 507
    hint = "请管理员清理磁盘后重试；已受理的工单不受影响。"


class NotPrepared(DeskError):
    """数据库还没有初始化，或版本不符。"""

    code = "not_prepared"
    status = 503
    hint = "请先运行 hotline init（新建）或 hotline migrate（升级）。"


class DatabaseFault(DeskError):
    """数据库拒绝了这次保存，内容没有保存。这是系统自身的错误，请告诉管理员。"""

    code = "database_fault"


class Doubled(DeskError):
    """这一行已经存在。"""

    code = "doubled"
    status = 409


class Transaction:
    """One act: everything in it is committed together or not at all.

    `bells` names the queues to ring once the commit has happened; a rollback forgets them.
    """

    def __init__(self, connection: Connection) -> None:
        """`connection` has begun; whoever opened it ends it."""
        self._connection = connection
        self._session: Session | None = None
        self.bells: set[str] = set()

    def connection(self) -> Connection:
        """The one connection of this act, for Core statements."""
        return self._connection

    @property
    def session(self) -> Session:
        """The session over that connection, for whole rows; made when first asked for, as hot paths never do."""
        if self._session is None:
            self._session = Session(self._connection, expire_on_commit=False)
        return self._session

    def commit(self) -> None:
        """Write what the session still holds, and commit."""
        if self._session is not None:
            self._session.flush()
        self._connection.commit()

    def close(self) -> None:
        """Let the session go; what was not committed is rolled back with the connection."""
        if self._session is not None:
            self._session.close()

    def ring(self, queue: str) -> None:
        """Remember to wake the workers of `queue` after the commit."""
        self.bells.add(queue)


class WriteLock:
    """One writer at a time over all processes of an SQLite file (写锁).

    SQLite's own waiting polls and is unfair; with a lock file the kernel queues the writers. The parts of the desk
    are separate processes, so a lock inside one process would not do.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._free: list[int] = []
        self._held: int | None = None
        self._guard = threading.Lock()

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Wait for one's turn; every waiter has an open file of its own, as the kernel asks for."""
        file = self._file()
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(file, fcntl.LOCK_UN)
        finally:
            with self._guard:
                self._free.append(file)

    def hold(self) -> bool:
        """Take the turn until `close`, if nobody has it; whether it is ours."""
        if self._held is None:
            file = self._file()
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                with self._guard:
                    self._free.append(file)
                return False
            self._held = file
        return True

    def _file(self) -> int:
        with self._guard:
            if self._free:
                return self._free.pop()
        try:
            return os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as fault:
            full = fault.errno == errno.ENOSPC
            raise (StorageFull() if full else DatabaseUnreachable(reason=fault.strerror)) from fault

    def close(self) -> None:
        """Give the open files back, and the turn with them."""
        with self._guard:
            if self._held is not None:
                self._free.append(self._held)
                self._held = None
            while self._free:
                os.close(self._free.pop())


_ONE_MOMENT = {"isolation_level": "REPEATABLE READ"}
_JSON: dict[str, Any] = {"json_serializer": as_json, "json_deserializer": orjson.loads}


class Database:
    """The desk's database behind one URL; cheap to keep, safe to share between threads, not over a fork."""

    #: SQLite waits this long for a reader that holds a checkpoint; writers queue at the lock file instead.
    BUSY_SECONDS: ClassVar[float] = 15.0
    #: PostgreSQL gives up a wait for a lock, and a process that stopped in the middle of an act loses its locks.
    _PATIENCE: ClassVar[str] = "-c lock_timeout=10s -c idle_in_transaction_session_timeout=60s"

    def __init__(self, url: str, pool_size: int = 10) -> None:
        """`url` as SQLAlchemy writes it (sqlite:///file or postgresql://…). Nothing is opened yet."""
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._lock: WriteLock | None = None
        self._sole: dict[str, WriteLock] = {}
        if self.is_sqlite:
            self.engine = self._sqlite()
        else:
            self.engine = create_engine(
                self.url,
                **_JSON,
                hide_parameters=True,  # texts and names must not reach a log through an error
                pool_size=pool_size,
                max_overflow=10,
                pool_timeout=10,
                connect_args={
                    "connect_timeout": 5,
                    "client_encoding": "utf8",  # whatever the environment says
                    "options": self._PATIENCE,
                },
            )
        self._writing = self.engine.execution_options(writing=True)
        self._steady = self.engine if self.is_sqlite else self.engine.execution_options(**_ONE_MOMENT)

    def _sqlite(self) -> Engine:
        if not self.url.database or self.url.database == ":memory:":
            raise DatabaseUnreachable(
                "SQLite 需要一个文件，不能只放在内存里。", hint="例如 sqlite:///hotline.db"
            )
        engine = create_engine(
            self.url,
            **_JSON,
            hide_parameters=True,
            connect_args={"timeout": self.BUSY_SECONDS, "check_same_thread": False},
        )
        self._lock = WriteLock(Path(self.url.database + ".lock"))
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """A writing transaction: committed when the block ends well, rolled back when it raises.

        Raises Doubled where a unique key exists already, Outage, NotPrepared, and DatabaseFault for our own mistakes.
        """
        with saying_why(), self._lock() if self._lock else nullcontext(), self._open(self._writing) as tx:
            yield tx
            tx.commit()

    @contextmanager
    def reading(self, steady: bool = False) -> Iterator[Transaction]:
        """A reading transaction, never committed; on SQLite it takes no lock.

        With `steady` all queries see the same moment, as they always do on SQLite.
        """
        with saying_why(), self._open(self._steady if steady else self.engine) as tx:
            yield tx

    @contextmanager
    def _open(self, engine: Engine) -> Iterator[Transaction]:
        """Rolled back at the end, but for what was committed before."""
        with engine.connect() as connection:
            connection.begin()
            with closing(Transaction(connection)) as tx:
                yield tx

    def unclaimed(self, query: Select[Any], whole: bool = False, of: Table | None = None) -> Select[Any]:
        """`query` without the rows that others hold: the only place where the two databases differ in writing.

        PostgreSQL skips locked rows, or waits for them where the rows belong together (`whole`) and nobody is to get
        a part; SQLite has one writer at a time anyway. `of` names the table whose rows are taken where several are read.
        """
        if self.is_sqlite:
            return query
        return query.with_for_update(skip_locked=not whole, key_share=True, of=of)

    def sole(self, part: str) -> bool:
        """Whether this process is the only one of its kind on this database, from now on to its end.

        PostgreSQL takes any number. On SQLite the first holds a lock file beside the database; the kernel frees it
        however the process ends, and the next to ask gets it.
        """
        if self._lock is None:
            return True
        if part not in self._sole:
            self._sole[part] = WriteLock(Path(f"{self.url.database}.{part}.lock"))
        return self._sole[part].hold()

    def own_time(self, tx: Transaction) -> datetime | None:
        """What the clock of a database server says; None on SQLite. A witness, never the time of the business."""
        if self.is_sqlite:
            return None
        said: datetime = tx.connection().exec_driver_sql("SELECT clock_timestamp()").scalar_one()
        return said

    def alone(self, tx: Transaction, table: str) -> None:
        """Nobody else reads or writes `table` until the transaction ends; on SQLite nobody else writes anyway."""
        if not self.is_sqlite:
            tx.connection().exec_driver_sql(f'LOCK TABLE "{table}" IN ACCESS EXCLUSIVE MODE')

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()
        for each in (self._lock, *self._sole.values()):
            if each is not None:
                each.close()


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we write BEGIN ourselves
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get("writing")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


@contextmanager
def saying_why() -> Iterator[None]:
    """Turn the drivers' errors into the desk's own, so that no door needs to know a driver."""
    try:
        yield
    except IntegrityError as fault:
        if _is_unique(fault):
            raise Doubled(constraint=_constraint(fault)) from None  # its own words quote the key
        raise _refused(fault) from None
    except PoolEmpty as fault:
        raise Busy() from fault
    except OperationalError as fault:
        raise _operational(fault) from fault
    except DBAPIError as fault:
        if type(fault.orig).__name__ in ("UndefinedTable", "UndefinedColumn"):
            raise NotPrepared() from fault
        if getattr(fault.orig, "sqlite_errorname", None) in ("SQLITE_NOTADB", "SQLITE_CORRUPT"):
            raise DatabaseDamaged(reason=str(fault.orig)) from fault
        if fault.connection_invalidated:
            raise DatabaseUnreachable(reason=str(fault.orig)) from fault
        raise _refused(fault) from None


def _refused(fault: DBAPIError) -> DatabaseFault:
    """What the database refused, in our words: PostgreSQL quotes the whole row, and no log may hold that."""
    diagnosis = getattr(fault.orig, "diag", None)
    told = {
        "reason": getattr(fault.orig, "sqlite_errorname", None) or type(fault.orig).__name__,
        "table": getattr(diagnosis, "table_name", None),
        "constraint": getattr(diagnosis, "constraint_name", None) or getattr(diagnosis, "column_name", None),
        "statement": (fault.statement or "")[:200],
    }
    log.error("database_fault", **told)
    return DatabaseFault(**told)


def _is_unique(fault: IntegrityError) -> bool:
    name = getattr(fault.orig, "sqlite_errorname", None) or type(fault.orig).__name__
    return name in ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "UniqueViolation")


def _constraint(fault: IntegrityError) -> str:
    diagnosis = getattr(fault.orig, "diag", None)
    return getattr(diagnosis, "constraint_name", None) or str(fault.orig)


def _operational(fault: OperationalError) -> DeskError:
    said, name = str(fault.orig).lower(), type(fault.orig).__name__
    if "no such table" in said or "no such column" in said or "has no column" in said:
        return NotPrepared()
    if name == "DiskFull" or "disk is full" in said or "no space left" in said or "disk i/o error" in said:
        return StorageFull()
    if name in ("DeadlockDetected", "SerializationFailure", "LockNotAvailable") or "is locked" in said:
        return Busy(reason=name)
    return DatabaseUnreachable(reason=str(fault.orig))

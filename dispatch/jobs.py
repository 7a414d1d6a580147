"""The doorbell of the queue (任务队列门铃): tells a worker, after the commit, that the outbox has work.

Redis holds no work of ours, only the news that there is some: everything still works after FLUSHALL, and a
job carries nothing but the name of its queue.
"""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import Protocol, TypeVar

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue, SimpleWorker
from rq.exceptions import StopRequested
from rq.serializers import JSONSerializer
from rq.worker.base import DequeueStrategy

from rules.errors import BadInput, DeskError

QUEUES = ("triage", "ladder", "notices", "digests", "figures")
#: The function of the queue door; named, never imported, because nobody imports a door.
JOB = "worker.drain"

BELL_SECONDS = 30  # a bell whose job was lost is silent no longer than this
JOB_SECONDS = 600
FAILURE_SECONDS = 24 * 3600
SOCKET_SECONDS = 0.2  # the most that a hung Redis may add to one request
PAUSE_SECONDS = 1.0  # and then to none for this long
STEADY_SECONDS = 0.02  # a door under load rings this seldom; a job drains hundreds of rows anyway
WORKER_TTL_SECONDS = 45  # the worker waits 30 s for a job, and notices a hung Redis after 40 s

Answer = TypeVar("Answer")

log = structlog.get_logger(__name__)


class UnknownQueue(BadInput):
    """没有这个任务队列。"""

    code = "unknown_queue"


class QueueAway(DeskError):
    """任务队列服务（Redis）没有应答。"""

    code = "queue_away"
    status = 503
    hint = "工单已保存，不会丢失；请检查 Redis 是否在运行。"


class Bell(Protocol):
    """What a use case rings after its commit."""

    def ring(self, queue: str) -> bool:
        """Whether a worker knows, or will know by an earlier ring, that `queue` has work."""
        ...


class NoBell:
    """The bell of a process that drains by itself (bulk import, simulation): nobody else needs to hear it."""

    def ring(self, queue: str) -> bool:
        """Checks the name of the queue and answers False."""
        known((queue,))
        return False


class Doorbell:
    """Rings the workers through Redis; shared by threads, never slow, never raises for an outage."""

    def __init__(self, url: str, job: str = JOB, clock: Callable[[], float] = time.monotonic) -> None:
        """`url` redis://, rediss:// or unix://; connects at the first ring. `clock` counts seconds."""
        self._redis = redis.Redis.from_url(
            url,
            socket_timeout=SOCKET_SECONDS,
            socket_connect_timeout=SOCKET_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._job = job
        self._queues = {name: _queue(name, self._redis) for name in QUEUES}
        self._breaker = Breaker(clock)
        self._doubtful: set[str] = set()

    def ring(self, queue: str) -> bool:
        """Queue one job for `queue` unless one is already announced; False when Redis cannot be told.

        After a failure no further ring tries for PAUSE_SECONDS. Raises UnknownQueue only.
        """
        known((queue,))
        if not self._breaker.may_try():
            return False
        try:
            if not self._announced(queue):
                self._enqueue(queue)
        except (redis.RedisError, OSError) as failure:
            # The flag may stand without its job: the next ring must not believe it.
            self._doubtful.add(queue)
            self._breaker.failed(failure)
            return False
        self._doubtful.discard(queue)
        self._breaker.worked()
        return True

    def answered(self, queue: str) -> bool:
        """Take the bell down; the job's first step, before it claims rows, so that no later ring is lost.

        False when Redis cannot be told: the job goes on, a new ring is then heard within BELL_SECONDS.
        """
        known((queue,))
        try:
            self._redis.delete(_flag(queue))
        except (redis.RedisError, OSError) as failure:
            self._breaker.failed(failure)
            return False
        return True

    def depth(self) -> dict[str, int] | None:
        """Jobs waiting in each queue; None when Redis does not answer."""
        return self._asked(lambda: {name: int(queue.count) for name, queue in self._queues.items()})

    def ping(self) -> bool:
        """Whether Redis answers (within PAUSE_SECONDS of a failure: False without asking)."""
        return bool(self._asked(lambda: bool(self._redis.ping())))

    def clear(self) -> None:
        """Forget every waiting job and bell; the outbox keeps the work. Raises QueueAway."""
        try:
            for name, queue in self._queues.items():
                queue.empty()  # type: ignore[no-untyped-call]
                self._redis.delete(_flag(name))
        except (redis.RedisError, OSError) as failure:
            raise QueueAway from failure

    def close(self) -> None:
        """Give the connections back."""
        self._redis.close()

    def _announced(self, queue: str) -> bool:
        fresh = queue not in self._doubtful
        return not self._redis.set(_flag(queue), 1, nx=fresh, ex=BELL_SECONDS)

    def _enqueue(self, queue: str) -> None:
        # Never unique=True: it refuses while the job runs, and a bell would be lost.
        self._queues[queue].enqueue_call(
            self._job,
            args=(queue,),
            timeout=JOB_SECONDS,
            result_ttl=0,
            failure_ttl=FAILURE_SECONDS,
        )

    def _asked(self, question: Callable[[], Answer]) -> Answer | None:
        if not self._breaker.may_try():
            return None
        try:
            answer = question()
        except (redis.RedisError, OSError) as failure:
            self._breaker.failed(failure)
            return None
        self._breaker.worked()
        return answer


class SteadyDoorbell(Doorbell):
    """For doors under load: rings at once, then at most once in STEADY_SECONDS for each queue.

    No ring is swallowed: one that comes too soon is made up for at the end of the pause by a thread of our own. If
    the process dies in between, the ticker's sweep rings.
    """

    def __init__(self, url: str, job: str = JOB, clock: Callable[[], float] = time.monotonic) -> None:
        """As Doorbell; the thread starts with the first ring that must wait."""
        super().__init__(url, job, clock)
        self._clock = clock
        self._guard = threading.Lock()
        self._rung: dict[str, float] = {}
        self._owed: set[str] = set()
        self._timer: threading.Timer | None = None

    def ring(self, queue: str) -> bool:
        """True also where the ring is owed and comes a moment later."""
        known((queue,))
        now = self._clock()
        with self._guard:
            if now - self._rung.get(queue, -STEADY_SECONDS) < STEADY_SECONDS:
                self._owe(queue)
                return True
            self._rung[queue] = now
        return super().ring(queue)

    def _owe(self, queue: str) -> None:
        self._owed.add(queue)
        if self._timer is None:
            self._timer = threading.Timer(STEADY_SECONDS, self._pay)
            self._timer.daemon = True
            self._timer.start()

    def _pay(self) -> None:
        with self._guard:
            owed, self._owed, self._timer = self._owed, set(), None
            self._rung.update(dict.fromkeys(owed, self._clock()))
        for queue in owed:
            super().ring(queue)

    def close(self) -> None:
        """Ring what is owed, then give the connections back."""
        with self._guard:
            if self._timer is not None:
                self._timer.cancel()
        self._pay()
        super().close()


class Breaker:
    """After a failure lets one caller try each PAUSE_SECONDS, the others turn away at once."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` counts seconds and never goes back."""
        self._clock = clock
        self._lock = threading.Lock()
        self._closed_until: float | None = None

    def may_try(self) -> bool:
        """Whether this caller may try now; in an outage the one who may keeps the others away meanwhile."""
        with self._lock:
            if self._closed_until is None:
                return True
            if self._clock() < self._closed_until:
                return False
            self._closed_until = self._clock() + PAUSE_SECONDS
            return True

    def failed(self, failure: Exception) -> None:
        """Close for PAUSE_SECONDS; the first failure of an outage is logged."""
        with self._lock:
            first = self._closed_until is None
            self._closed_until = self._clock() + PAUSE_SECONDS
        if first:
            log.warning("queue_away", kind=type(failure).__name__)

    def worked(self) -> None:
        """Open again."""
        with self._lock:
            back = self._closed_until is not None
            self._closed_until = None
        if back:
            log.info("queue_back")


@dataclass(slots=True)
class Stop:
    """Whether a signal has asked this process to end; outlives the workers it is shown to."""

    asked: bool = False
    unburied: "DeskWorker | None" = None  # one that ended while Redis was away, and still stands in its list


class DeskWorker(SimpleWorker):
    """Runs jobs in its own warm process, without a fork, and tells `stop` when it is asked to end."""

    stop = Stop()
    max_connection_wait_time = 2.0  # rq's own minute would keep a healed queue waiting

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """SIGINT or SIGTERM: finish the job in hand, then end."""
        self.stop.asked = True
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def register_birth(self) -> None:
        """Also strikes an earlier worker of this process off the list that Redis kept over an outage."""
        if self.stop.unburied is not None:
            self.stop.unburied.register_death()
        super().register_birth()  # type: ignore[no-untyped-call]

    def register_death(self) -> None:
        """Remembered until Redis has heard of it."""
        self.stop.unburied = self
        super().register_death()  # type: ignore[no-untyped-call]
        self.stop.unburied = None

    def subscribe(self) -> None:
        """Take no commands through Redis: they are not needed, and their thread outlives an outage."""

    def unsubscribe(self) -> None:
        """Nothing was subscribed to."""


def work(
    url: str,
    queues: Sequence[str] = QUEUES,
    burst: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Run jobs until SIGINT or SIGTERM, or with `burst` until the queues are empty; True when any job ran.

    In the main thread only (job timeouts are alarms). A Redis that goes away is waited for; with `burst` it
    raises QueueAway. Raises UnknownQueue.
    """
    known(queues)
    stop = Stop()
    ran = False
    with _listening(stop), suppress(StopRequested):
        while not stop.asked:
            ran |= _shift(url, queues, burst, stop)
            if burst:
                break
            with suppress(redis.RedisError, OSError):  # rq's handler, left behind, may raise these
                sleep(0 if stop.asked else PAUSE_SECONDS)
    return ran


def _shift(url: str, queues: Sequence[str], burst: bool, stop: Stop) -> bool:
    """The life of one worker: until it is stopped, has emptied the queues, or has lost Redis."""
    try:
        worker = build_worker(url, queues)
        worker.stop = stop
        return bool(
            worker.work(burst=burst, logging_level="WARNING", dequeue_strategy=DequeueStrategy.ROUND_ROBIN)
        )
    except StopRequested:
        return False
    except (redis.RedisError, OSError) as failure:
        if burst:
            raise QueueAway from failure
        log.warning("queue_away", kind=type(failure).__name__)
        return False


def build_worker(url: str, queues: Sequence[str] = QUEUES) -> DeskWorker:
    """A worker for `queues`, with a connection of its own; raises UnknownQueue, redis errors when away."""
    known(queues)
    connection = redis.Redis.from_url(url, socket_connect_timeout=5)
    return DeskWorker(
        [_queue(name, connection) for name in queues],
        connection=connection,
        serializer=JSONSerializer,
        default_result_ttl=0,
        worker_ttl=WORKER_TTL_SECONDS,
        log_job_description=False,
    )


def known(queues: Sequence[str]) -> None:
    """Raises UnknownQueue for a name that is not in QUEUES, and for an empty list."""
    if isinstance(queues, str) or not queues:
        raise UnknownQueue("请写明任务队列。", hint="可用的队列：" + "、".join(QUEUES))
    for name in queues:
        if name not in QUEUES:
            raise UnknownQueue(f"没有任务队列 {name}。", hint="可用的队列：" + "、".join(QUEUES))


def _queue(name: str, connection: redis.Redis) -> Queue:
    return Queue(name, connection=connection, serializer=JSONSerializer)


def _flag(queue: str) -> str:
    return f"bell:{queue}"


@contextmanager
def _listening(stop: Stop) -> Iterator[None]:
    """Hear signals while no worker stands (rq listens only once Redis answers), and put the handlers back."""

    def ask(signum: int, frame: FrameType | None) -> None:
        stop.asked = True
        raise StopRequested

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)}
    signal.signal(signal.SIGINT, ask)
    signal.signal(signal.SIGTERM, ask)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)

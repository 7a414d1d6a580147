"""What is true of this machine (运行设置): the only reader of the environment."""

import hashlib
import ipaddress
import os
import stat
import tempfile
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from rules.errors import BadInput

DATABASE = "HOTLINE_DATABASE_URL"
REDIS = "HOTLINE_REDIS_URL"
DIR = "HOTLINE_DIR"
KEY_FILE = "HOTLINE_KEY_FILE"
OPEN_REDIS = "HOTLINE_ALLOW_OPEN_REDIS"
TOLERANCE = "HOTLINE_CLOCK_TOLERANCE"
NAMES = (DATABASE, REDIS, DIR, KEY_FILE, OPEN_REDIS, TOLERANCE)
#: Seconds by which the clock may go back before ticker and auditor stop; ordinary corrections are far smaller.
CLOCK_TOLERANCE = 120
#: Variables of the test suite, read by tests/conftest.py alone.
TEST_PREFIX = "HOTLINE_TEST_"

DATABASE_SCHEMES = ("sqlite", "postgresql", "postgresql+psycopg")
REDIS_SCHEMES = ("redis", "rediss", "unix")
#: The kernel allows 107 bytes on Linux and 103 on macOS.
SOCKET_BYTES = 100
#: Group members may read the key (a service account's group); nobody else may do anything with it.
UNSAFE_KEY_BITS = stat.S_IWGRP | stat.S_IXGRP | stat.S_IRWXO
YES = frozenset({"1", "true", "yes", "on"})
NO = frozenset({"", "0", "false", "no", "off"})


class BadSetting(BadInput):
    """运行设置有误，请检查环境变量或命令行参数。"""

    code = "bad_setting"


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things are on this machine; `redis_url` None means the embedded queue server at `socket`."""

    database_url: str = field(repr=False)  # may hold a password
    redis_url: str | None = field(repr=False)
    dir: Path
    key_file: Path
    models: Path
    socket: Path
    clock_tolerance: int = CLOCK_TOLERANCE

    def shown(self) -> dict[str, str]:
        """The settings for people and logs, passwords replaced by `***`."""
        return {
            "database": without_password(self.database_url),
            "redis": without_password(self.redis_url) if self.redis_url else f"unix://{self.socket}",
            "dir": str(self.dir),
            "key_file": str(self.key_file),
            "models": str(self.models),
        }


def read(
    environ: Mapping[str, str],
    database: str | None = None,
    redis: str | None = None,
    dir: str | Path | None = None,
) -> Settings:
    """The settings from `environ`, each flag given overriding its variable; blank counts as not given.

    Writes and creates nothing. Raises BadSetting for an unusable value and for an unsafe one: a Redis without
    a password on another machine, a key file that others may read.
    """
    address = _given(database, environ, DATABASE)
    folder_given = _given(str(dir) if dir is not None else None, environ, DIR)
    database_url, database_file = _database(address) if address else ("", None)
    folder = _folder(folder_given, database_file)
    if not database_url:
        database_url = _sqlite_url(folder / "hotline.db")
    redis_url, open_allowed = _given(redis, environ, REDIS), _switch(environ, OPEN_REDIS)
    return Settings(
        database_url=database_url,
        redis_url=_redis(redis_url, open_allowed) if redis_url else None,
        dir=folder,
        key_file=_key_file(_given(None, environ, KEY_FILE), folder),
        models=folder / "models",
        socket=_socket(folder, environ),
        clock_tolerance=_seconds(environ, TOLERANCE, CLOCK_TOLERANCE),
    )


def unread(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Variables that look like ours but are read by nobody: spelling mistakes, for the check-up command."""
    return tuple(
        sorted(
            n
            for n in environ
            if n.startswith("HOTLINE_") and n not in NAMES and not n.startswith(TEST_PREFIX)
        )
    )


def export(found: Settings, environ: MutableMapping[str, str]) -> None:
    """What this process was told on its command line holds for the processes and jobs it starts, by `environ`."""
    environ[DIR], environ[DATABASE] = str(found.dir), found.database_url
    if found.redis_url:
        environ[REDIS] = found.redis_url


def without_password(url: str) -> str:
    """The same address with its password, in the authority or the query, replaced by `***`."""
    if url.startswith("sqlite"):
        return url
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    if ":" in user:
        parts = parts._replace(netloc=f"{user.partition(':')[0]}:***{at}{host}")
    if "password" in parse_qs(parts.query):
        pairs = (p.partition("=") for p in parts.query.split("&"))
        parts = parts._replace(query="&".join(f"{k}={'***' if k == 'password' else v}" for k, _, v in pairs))
    return parts.geturl()


def _given(flag: str | None, environ: Mapping[str, str], name: str) -> str:
    value = (flag or "").strip() or environ.get(name, "").strip()
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in value):
        raise BadSetting(f"{name} 含有换行等控制字符，请重新填写。")
    return value


def _switch(environ: Mapping[str, str], name: str) -> bool:
    value = environ.get(name, "").strip().lower()
    if value in YES or value in NO:
        return value in YES
    raise BadSetting(f"{name} 只能填 1 或 0。")


def _seconds(environ: Mapping[str, str], name: str, usual: int) -> int:
    value = _given(None, environ, name)
    if not value:
        return usual
    if not (value.isascii() and value.isdigit() and 1 <= int(value) <= 86400):
        raise BadSetting(f"{name} 是秒数，只能填 1 到 86400。", hint=f"不填时为 {usual} 秒。")
    return int(value)


def _folder(given: str, database_file: Path | None) -> Path:
    if given:
        folder = Path(given).expanduser().resolve()
    else:
        folder = database_file.parent if database_file else Path.cwd() / "hotline-data"
    if folder.exists() and not folder.is_dir():
        raise BadSetting(
            f"数据目录 {folder} 是一个文件，不是目录。", hint=f"请用 --dir 或 {DIR} 指定一个目录。"
        )
    return folder.resolve()


def _database(url: str) -> tuple[str, Path | None]:
    """The checked address, and the file it names when it is SQLite."""
    scheme = _scheme(url, DATABASE, "数据库", DATABASE_SCHEMES)
    if scheme == "sqlite":
        return _sqlite(url)
    parts = _split(url, DATABASE)
    if not parts.path.strip("/"):
        raise BadSetting(f"数据库地址（{DATABASE}）没有写库名。", hint="例如 postgresql://用户@主机/库名")
    return url, None


def _sqlite(url: str) -> tuple[str, Path]:
    place, _, query = url.removeprefix("sqlite:").partition("?")
    path = place.removeprefix("///")
    if path in ("", "//", ":memory:") or "mode=memory" in query:
        raise BadSetting(
            f"数据库地址（{DATABASE}）是内存库：网页、任务与定时各是一个进程，内存库不能共用。",
            hint="请写文件，例如 sqlite:///hotline.db",
        )
    if not place.startswith("///") or path.startswith("file:") or path.endswith("/"):
        raise BadSetting(
            f"数据库地址（{DATABASE}）写法不对。",
            hint="SQLite 写作 sqlite:///相对路径 或 sqlite:////绝对路径",
        )
    file = Path(path).resolve()
    if file.is_dir():
        raise BadSetting(f"数据库地址（{DATABASE}）指向目录 {file}，应当是文件。")
    return _sqlite_url(file, query), file


def _sqlite_url(file: Path, query: str = "") -> str:
    if "?" in str(file):
        raise BadSetting(f"SQLite 文件路径不能含问号：{file}", hint=f"请用 --dir 或 {DIR} 换一个目录。")
    return f"sqlite:///{file}" + (f"?{query}" if query else "")


def _redis(url: str, open_allowed: bool) -> str:
    scheme = _scheme(url, REDIS, "Redis ", REDIS_SCHEMES)
    parts = _split(url, REDIS)
    if scheme == "unix":
        if parts.hostname or not parts.path.strip("/"):
            raise BadSetting(f"Redis 地址（{REDIS}）写法不对。", hint="套接字写作 unix:///绝对路径.sock")
        if len(os.fsencode(unquote(parts.path))) > SOCKET_BYTES:
            raise BadSetting(f"Redis 套接字路径超过 {SOCKET_BYTES} 字节，系统不支持，请换一个短路径。")
        return url
    number = parts.path.strip("/")
    if number and not (number.isascii() and number.isdigit()):
        raise BadSetting(f"Redis 地址（{REDIS}）的库号应当是数字。", hint="例如 redis://127.0.0.1:6379/0")
    locked = parts.password or any(parse_qs(parts.query).get("password", []))
    if not (locked or open_allowed or _loopback(parts.hostname)):
        raise BadSetting(
            f"Redis 地址（{REDIS}）在另一台机器上却没有密码：能写队列的人就能让本机执行代码。",
            hint=f"请写 redis://:密码@主机:端口/库号；确有网络隔离时设 {OPEN_REDIS}=1。",
        )
    return url


def _loopback(host: str | None) -> bool:
    if host in (None, "", "localhost"):  # redis-py takes a missing host for localhost
        return True
    try:
        return ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False


def _scheme(url: str, name: str, what: str, allowed: tuple[str, ...]) -> str:
    scheme, colon, _ = url.partition(":")
    if not colon or scheme not in allowed:  # only the scheme is quoted: the rest may hold a password
        said = f"不支持 {scheme}:" if colon else "缺少协议"
        raise BadSetting(
            f"{what}地址（{name}）{said}。", hint="可用的开头：" + "、".join(f"{s}://" for s in allowed)
        )
    return scheme


def _split(url: str, name: str) -> SplitResult:
    hint = "密码里的 @ : / # ? 等符号要写成 %40 %3A %2F %23 %3F。"
    try:
        parts = urlsplit(url)
        _ = parts.port  # reading it checks it
    except ValueError as bad:
        raise BadSetting(f"{name} 的主机或端口写法不对。", hint=hint) from bad
    if not url.startswith(f"{parts.scheme}://") or parts.fragment or "@" in parts.path:
        raise BadSetting(f"{name} 写法不对。", hint=hint)
    return parts


def _key_file(given: str, folder: Path) -> Path:
    file = Path(given).expanduser().resolve() if given else folder / "seal.key"
    if not file.exists():
        return file
    if not file.is_file():
        raise BadSetting(f"密钥文件 {file} 不是文件。", hint=f"请检查 {KEY_FILE}。")
    if os.name == "posix" and stat.S_IMODE(file.stat().st_mode) & UNSAFE_KEY_BITS:
        raise BadSetting(f"密钥文件 {file} 别人也能读写，不安全。", hint=f"请执行 chmod 600 {file}")
    return file


def _socket(folder: Path, environ: Mapping[str, str]) -> Path:
    """A short path, the same in every process of this user; one inside `folder` could be too long."""
    owner = os.getuid() if hasattr(os, "getuid") else 0
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16] + ".sock"
    place = Path(environ.get("TMPDIR", "").strip() or tempfile.gettempdir()) / f"hotline-{owner}" / name
    if not place.is_absolute() or len(os.fsencode(place)) >= SOCKET_BYTES:
        place = Path("/tmp") / f"hotline-{owner}" / name  # noqa: S108 - the folder is made private, owner checked
    return place

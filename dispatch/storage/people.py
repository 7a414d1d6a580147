"""Who called (诉求人身份): sealed with AES-256-GCM, found again by a keyed hash of the phone, never read by accident."""

import hashlib
import hmac
import json
import os
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Dialect, Table, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

from dispatch.storage import tables  # noqa: F401  (defines the tables)
from dispatch.storage.database import Transaction
from dispatch.storage.prepared import Prepared
from rules.errors import BadInput, DeskError

CIPHER = "A256GCM"
KEY_BYTES = 32
NONCE_BYTES = 12

_person = SQLModel.metadata.tables["person"]
_ticket = SQLModel.metadata.tables["ticket"]


class NoKey(DeskError):
    """找不到保管诉求人身份的密钥文件，系统不能受理。"""

    code = "no_key"
    status = 503
    hint = "新装请运行 hotline init；已有数据请把备份的密钥文件放回原处，不要新建。"


class SealBroken(DeskError):
    """密封的内容无法打开：密钥不符，或内容被改动过。"""

    code = "seal_broken"
    status = 500


class Met(NamedTuple):
    """A caller who was just counted (诉求人): row id, contacts so far, and whether a named person marked them malicious."""

    id: int | None
    contacts: int
    malicious: bool


class Seal:
    """Seals and opens text with the key file; `random` gives that many random bytes."""

    def __init__(
        self, keys: dict[str, bytes], current: str, index_key: bytes, random: Callable[[int], bytes]
    ) -> None:
        if current not in keys or len(index_key) < KEY_BYTES:
            raise ValueError("the current key is missing, or the index key too short")
        self._ciphers = {name: AESGCM(key) for name, key in keys.items()}
        self._current = current
        self._index_key = index_key
        self._random = random

    def seal(self, words: str | None, field: str) -> str | None:
        """`words` sealed for `field` as "cipher$key$base64"; the field's name is bound in, so seals cannot be swapped."""
        if words is None:
            return None
        nonce = self._random(NONCE_BYTES)
        box = self._ciphers[self._current].encrypt(nonce, words.encode(), field.encode())
        return f"{CIPHER}${self._current}${b64encode(nonce + box).decode()}"

    def open(self, sealed: str | None, field: str) -> str | None:
        """The words behind a seal. Raises SealBroken for a foreign key, another field or changed bytes."""
        if sealed is None:
            return None
        try:
            cipher, key, body = sealed.split("$")
            raw = b64decode(body)
            if cipher != CIPHER:
                raise SealBroken(cipher=cipher)
            return self._ciphers[key].decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], field.encode()).decode()
        except (ValueError, KeyError, InvalidTag) as fault:
            raise SealBroken() from fault

    def index(self, key: str) -> str:
        """The blind index of a caller: the same phone gives the same 64 hex digits, and only with the key file."""
        return hmac.new(self._index_key, key.encode(), hashlib.sha256).hexdigest()

    def sign(self, words: str, purpose: str) -> str:
        """64 hex digits that only this key file gives `words`; compare them with `secrets.compare_digest`.

        Each purpose signs with a key of its own, derived from the index key, so that no signature is good elsewhere
        and none equals a blind index.
        """
        key = hmac.new(self._index_key, f"sign:{purpose}".encode(), hashlib.sha256).digest()
        return hmac.new(key, words.encode(), hashlib.sha256).hexdigest()


def create_key_file(path: Path, random: Callable[[int], bytes]) -> None:
    """Write a new key file, readable by its owner alone; an existing one is left as it is."""
    made = {
        "current": "k1",
        "keys": {"k1": b64encode(random(KEY_BYTES)).decode()},
        "index_key": b64encode(random(KEY_BYTES)).decode(),
    }
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{random(4).hex()}")
    with os.fdopen(
        os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
    ) as file:
        json.dump(made, file)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)  # never over a key that appeared meanwhile
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def read_key_file(path: Path, random: Callable[[int], bytes]) -> Seal:
    """The seal of a key file. Raises NoKey when the file is missing, open to others, or no key file."""
    try:
        if path.stat().st_mode & 0o077:
            raise NoKey(f"密钥文件 {path} 的权限过宽，其他用户可以读取。", hint=f"请运行 chmod 600 {path}")
        held = json.loads(path.read_text(encoding="utf-8"))
        keys = {name: b64decode(key, validate=True) for name, key in held["keys"].items()}
        return Seal(keys, held["current"], b64decode(held["index_key"], validate=True), random)
    except OSError as fault:
        raise NoKey(f"找不到密钥文件 {path}，系统不能受理。") from fault
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        raise NoKey(f"密钥文件 {path} 已损坏。", hint="请用备份恢复。") from fault


def _meeting(insert: Callable[[Table], Any]) -> Any:
    upsert = insert(_person)
    return upsert.on_conflict_do_update(
        index_elements=["phone_index"],
        set_={"seen_at": upsert.excluded.seen_at, "contacts": _person.c.contacts + literal_column("1")},
    ).returning(_person.c.id, _person.c.contacts, _person.c.malicious_at)


@cache
def _prepared(dialect: Dialect) -> Prepared:
    insert = sqlite.insert if dialect.name == "sqlite" else postgresql.insert
    columns = ("phone_index", "sealed_phone", "created_at", "seen_at", "contacts")
    return Prepared(_meeting(insert), _person, columns, dialect)


def meet(tx: Transaction, seal: Seal, key: str, now: datetime) -> int:
    """The person's row id, made on the first contact; as `count_contact`."""
    person = count_contact(tx, seal, key, now).id
    assert person is not None
    return person


def mark(
    tx: Transaction, person: int | None, malicious: bool, actor: str, reason: str, now: datetime
) -> None:
    """Say of a caller, by name and reason, that they abuse the hotline, or no longer. Raises BadInput without a caller."""
    if person is None:
        raise BadInput("这张工单没有留下诉求人的号码，不能标记。")
    values = {"malicious_at": now if malicious else None, "malicious_by": actor, "malicious_reason": reason}
    tx.connection().execute(update(_person).where(_person.c.id == person).values(**values))


def hold(tx: Transaction, ticket: str) -> None:
    """Lock the row of the caller of a ticket, who never changes; nothing where nobody is known."""
    of_ticket = select(_ticket.c.person).where(_ticket.c.number == ticket).scalar_subquery()
    query = select(_person.c.id).where(_person.c.id == of_ticket)
    tx.connection().execute(query.with_for_update(key_share=True))


def count_contact(tx: Transaction, seal: Seal, key: str, now: datetime) -> Met:
    """The person's row, made on the first contact, and how many contacts there are now: 1 is a caller never met.

    `key` is what the caller is known by: a normalised phone, or another platform's reference. The row stays locked
    to the end of the transaction, which makes joining safe: two posts by one caller are decided one after the other.
    """
    index = seal.index(key)
    values = {
        "phone_index": index,
        "sealed_phone": seal.seal(key, f"person.phone:{index}"),
        "created_at": now,
        "seen_at": now,
        "contacts": 1,
    }
    connection = tx.connection()
    meeting = _prepared(connection.dialect)
    found = connection.exec_driver_sql(meeting.text, meeting.values(values)).one()
    return Met(found.id, found.contacts, found.malicious_at is not None)

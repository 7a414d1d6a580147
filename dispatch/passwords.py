"""Passwords of people (口令): Argon2id, kept as a PHC string that names its own parameters."""

from collections.abc import Callable
from unicodedata import normalize

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from rules.errors import BadInput

#: OWASP's smaller recommendation: 19 MiB, 2 passes, 1 lane; a check takes some 20 ms and cannot fill a small machine.
MEMORY_KIB = 19 * 1024
PASSES = 2
LANES = 1
SALT_BYTES = 16
HASH_BYTES = 32

SHORTEST = 8
LONGEST = 200


class BadPassword(BadInput):
    """口令须为 8 到 200 个字符。"""

    code = "bad_password"


def hash_password(password: str, random: Callable[[int], bytes]) -> str:
    """What is kept of a password, as "$argon2id$v=19$m=…,t=…,p=…$salt$hash". Raises BadPassword.

    `random` gives that many random bytes.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise BadPassword()
    kept: str = _with(random(SALT_BYTES)).derive_phc_encoded(_bytes(password))
    return kept


def verify(password: str, kept: str) -> bool:
    """Whether `password` is the one behind `kept`; False also for a `kept` that is no such string."""
    if len(password) > LONGEST:
        return False
    try:
        Argon2id.verify_phc_encoded(_bytes(password), kept)
    except (InvalidKey, ValueError):
        return False
    return True


def _with(salt: bytes) -> Argon2id:
    return Argon2id(salt=salt, length=HASH_BYTES, iterations=PASSES, lanes=LANES, memory_cost=MEMORY_KIB)


def _bytes(password: str) -> bytes:
    """The same password typed with another keyboard's composition is the same password."""
    return normalize("NFKC", password).encode("utf-8", "surrogatepass")

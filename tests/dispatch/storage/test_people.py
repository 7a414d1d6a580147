"""Who called (诉求人身份): sealed, bound to its place, opened by the right key alone; the key file guarded."""

import json
import os
from base64 import b64decode, b64encode

import pytest

from dispatch.storage import people
from dispatch.storage.people import NoKey, Seal, SealBroken, create_key_file, read_key_file
from dispatch.storage.tables import Person
from tests.desks import rows
from tests.dispatch.test_receive import at_once
from tests.stories import at

NOW = at("2026-09-28 10:00")
WORDS = "王测试 19900001234"


@pytest.fixture
def key_file(tmp_path):
    create_key_file(tmp_path / "keys" / "seal.json", os.urandom)
    return tmp_path / "keys" / "seal.json"


@pytest.fixture
def seal(key_file) -> Seal:
    return read_key_file(key_file, os.urandom)


# --- Seals -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [WORDS, "", "字" * 20_000, "a$b$c", "😀"])
def test_what_is_sealed_opens_again_and_cannot_be_read_before(seal, words):
    sealed = seal.seal(words, "request.text:1")
    assert seal.open(sealed, "request.text:1") == words
    assert sealed.startswith("A256GCM$k1$")
    assert not words or words not in sealed
    assert sealed != seal.seal(words, "request.text:1"), "a nonce was used twice"


def test_nothing_stays_nothing(seal):
    assert seal.seal(None, "x") is None
    assert seal.open(None, "x") is None


@pytest.mark.parametrize("field", ["request.name:1", "request.text:2", "", "request.text:1 "])
def test_a_seal_moved_to_another_row_or_field_does_not_open(seal, field):
    with pytest.raises(SealBroken):
        seal.open(seal.seal(WORDS, "request.text:1"), field)


def test_every_changed_byte_is_noticed(seal):
    cipher, key, body = seal.seal("短", "f").split("$")
    raw = b64decode(body)
    for place in range(len(raw)):
        changed = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        with pytest.raises(SealBroken):
            seal.open(f"{cipher}${key}${b64encode(changed).decode()}", "f")


@pytest.mark.parametrize(
    "sealed",
    [
        "",
        "$",
        "$$",
        "A256GCM$k1$",
        "A256GCM$k1$AAAA",
        "A256GCM$k9$AAAA",
        "AES$k1$AAAA",
        "a$b$c$d",
        "A256GCM$k1$字",
        WORDS,
    ],
)
def test_what_is_no_seal_is_broken_and_says_nothing_of_its_content(seal, sealed):
    with pytest.raises(SealBroken) as caught:
        seal.open(sealed, "f")
    assert not sealed or sealed not in f"{caught.value} {caught.value.as_dict()} {caught.value.facts}"


def test_another_key_file_opens_nothing_and_finds_nobody(seal, tmp_path):
    create_key_file(tmp_path / "other.json", os.urandom)
    other = read_key_file(tmp_path / "other.json", os.urandom)
    with pytest.raises(SealBroken):
        other.open(seal.seal(WORDS, "f"), "f")
    assert other.index("19900001234") != seal.index("19900001234")


def test_the_blind_index_is_steady(seal, key_file):
    again = read_key_file(key_file, os.urandom)
    assert seal.index("19900001234") == again.index("19900001234")
    assert len(seal.index("")) == 64
    assert seal.index("19900001234") != seal.index("19900001235")


def test_an_old_key_still_opens_what_it_sealed(key_file, seal):
    sealed = seal.seal(WORDS, "f")
    held = json.loads(key_file.read_text())
    held["keys"]["k2"] = b64encode(os.urandom(32)).decode()
    held["current"] = "k2"
    key_file.write_text(json.dumps(held))
    newer = read_key_file(key_file, os.urandom)
    assert newer.open(sealed, "f") == WORDS
    assert newer.seal(WORDS, "f").startswith("A256GCM$k2$")


# --- The key file ------------------------------------------------------------------------------------------


def test_the_key_file_is_its_owners_alone_and_never_written_over(key_file):
    assert key_file.stat().st_mode & 0o777 == 0o600
    before = key_file.read_bytes()
    create_key_file(key_file, os.urandom)
    assert key_file.read_bytes() == before
    assert [each.name for each in key_file.parent.iterdir()] == ["seal.json"]


def test_many_that_create_it_at_once_agree_on_one(tmp_path):
    file = tmp_path / "seal.json"

    def made(_i):
        create_key_file(file, os.urandom)
        return read_key_file(file, os.urandom).index("x")

    assert len(set(at_once(8, made))) == 1
    assert [each.name for each in tmp_path.iterdir()] == ["seal.json"]


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o666, 0o601])
def test_a_key_file_open_to_others_is_refused(key_file, mode):
    key_file.chmod(mode)
    with pytest.raises(NoKey) as caught:
        read_key_file(key_file, os.urandom)
    assert "chmod 600" in caught.value.advice


GOOD = b64encode(b"k" * 32).decode()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        '"x"',
        "{}",
        b"\xff\xfe\x00",
        json.dumps({"current": "k1", "keys": [], "index_key": GOOD}),
        json.dumps({"current": "k1", "keys": {}, "index_key": GOOD}),
        json.dumps({"current": "k2", "keys": {"k1": GOOD}, "index_key": GOOD}),
        json.dumps({"current": "k1", "keys": {"k1": "AAAA"}, "index_key": GOOD}),
        json.dumps({"current": "k1", "keys": {"k1": "!" + GOOD}, "index_key": GOOD}),
        json.dumps({"current": "k1", "keys": {"k1": 7}, "index_key": GOOD}),
        json.dumps({"current": "k1", "keys": {"k1": GOOD}, "index_key": ""}),
        json.dumps({"current": "k1", "keys": {"k1": GOOD}, "index_key": "AAAA"}),
        json.dumps({"current": "k1", "keys": {"k1": GOOD}}),
        json.dumps({"keys": {"k1": GOOD}, "index_key": GOOD}),
    ],
)
def test_a_damaged_key_file_is_refused_when_it_is_read(key_file, content):
    key_file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(NoKey, match="损坏") as caught:
        read_key_file(key_file, os.urandom)
    assert "备份" in caught.value.advice
    assert GOOD not in str(caught.value)


def test_a_missing_key_file_says_not_to_make_a_new_one_where_there_is_data(tmp_path):
    with pytest.raises(NoKey) as caught:
        read_key_file(tmp_path / "gone.json", os.urandom)
    assert "不要新建" in caught.value.advice


# --- Callers -----------------------------------------------------------------------------------------------


def meet(desk, key, now=NOW):
    with desk.transaction() as tx:
        return people.meet(tx, desk.seal, key, now)


def test_one_phone_is_one_person_however_often_and_from_however_many(desk):
    assert len({*at_once(12, lambda _i: meet(desk, "19900001234")), meet(desk, "19900001234")}) == 1
    assert meet(desk, "19900005678") != meet(desk, "19900001234")
    assert rows(desk, "SELECT count(*) AS n FROM person") == [{"n": 2}]


def test_a_person_keeps_the_first_day_and_the_last(desk):
    later = at("2026-10-08 09:00")
    meet(desk, "19900001234")
    meet(desk, "19900001234", later)
    with desk.database.reading() as tx:
        person = tx.session.get(Person, meet(desk, "19900001234", later))
    assert (person.created_at, person.seen_at) == (NOW, later)
    opened = desk.seal.open(person.sealed_phone, f"person.phone:{person.phone_index}")
    assert opened == "19900001234"
    with pytest.raises(SealBroken):
        desk.seal.open(person.sealed_phone, "person.phone:" + "0" * 64)

"""Passwords: kept so that only the right one fits."""

import os

import pytest

from dispatch import passwords
from dispatch.passwords import BadPassword, hash_password, verify


def test_only_the_right_password_fits():
    kept = hash_password("正确的口令十二字", os.urandom)
    assert verify("正确的口令十二字", kept)
    assert not verify("正确的口令十二", kept)
    assert kept != hash_password("正确的口令十二字", os.urandom)


def test_the_parameters_stand_in_what_is_kept():
    kept = hash_password("correct horse", os.urandom)
    assert kept.startswith(f"$argon2id$v=19$m={passwords.MEMORY_KIB},t=2,p=1$")


def test_full_width_letters_are_the_same_password():
    assert verify("ｃorrect horse", hash_password("correct horse", os.urandom))


@pytest.mark.parametrize("password", ["", "short", "x" * 201])
def test_too_short_and_too_long_are_refused(password):
    with pytest.raises(BadPassword):
        hash_password(password, os.urandom)


@pytest.mark.parametrize("kept", ["", "plain", "$argon2id$", "$argon2id$v=19$m=1,t=1,p=1$x$y"])
def test_what_is_no_hash_fits_nothing(kept):
    assert not verify("correct horse", kept)
    assert not verify("x" * 1000, kept)

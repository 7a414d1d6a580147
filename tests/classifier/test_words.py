"""One tokenizer, our words whole, no cache left behind."""

import logging
import tempfile
from pathlib import Path

import jieba
import numpy as np
import pytest

from classifier import words


@pytest.mark.parametrize("word", words.OWN_WORDS)
def test_our_own_words_stay_whole(word: str) -> None:
    assert words.cut(word) == [word]


@pytest.mark.parametrize(
    "text",
    ["", "  停水 三天\r\n了", "公交车abc-12.5%到站不停！😀", "\ud83d半", "\x00a\x07", "。，！", "𠮷" * 50],
)
def test_words_joined_give_the_text_again(text: str) -> None:
    assert "".join(words.cut(text)) == text


def test_there_is_one_tokenizer_and_jiebas_own_is_untouched() -> None:
    assert words.tokenizer() is words.tokenizer()
    assert words.tokenizer() is not jieba.dt
    assert not jieba.dt.initialized


def test_reading_the_dictionary_leaves_no_cache_and_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    words.tokenizer.cache_clear()
    with caplog.at_level(logging.DEBUG):
        assert words.cut("小区停水") == ["小区", "停水"]
    assert list(tmp_path.iterdir()) == []
    assert caplog.records == []


def test_the_dictionary_hash_moves_with_our_words(monkeypatch: pytest.MonkeyPatch) -> None:
    before = words.dictionary_hash()
    monkeypatch.setattr(words, "OWN_WORDS", (*words.OWN_WORDS, "新词语"))
    assert words.dictionary_hash.__wrapped__() != before
    assert words.dictionary_hash() == before


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("的", []),
        ("小区停水", ["小区", "停水"]),
        ("听橹家园停水", ["家园", "停水"]),  # the name falls apart
        ("公交车", ["公交车", "公交"]),  # a longer word brings the shorter ones in it
        ("205路", ["205"]),
    ],
)
def test_known_words_are_those_of_the_dictionary_only(text: str, found: list[str]) -> None:
    assert words.known_words(text) == found


def test_a_rarer_word_has_the_higher_rarity_and_an_unknown_one_is_not_the_rarest() -> None:
    common, rare, unknown = (words.word_rarity(word) for word in ("的", "停水", "听橹"))
    assert 0 <= common < 1 < rare < unknown
    assert unknown < max(words.word_rarity(word) for word in words.tokenizer().FREQ)


def codes(*pairs: str) -> words.Ints:
    points = [[ord(letter) for letter in pair] for pair in pairs]
    return np.concatenate([words.pair_codes(np.array(each, np.int64)) for each in points])


def test_pairs_inside_words_are_common_and_pairs_of_names_are_rare() -> None:
    inside, across, name, odd = words.pair_rarities(codes("小区", "的人", "听橹", "𠮷😀"))
    assert 0 <= across < inside < name < odd < np.inf


def test_no_pairs_have_no_rarities() -> None:
    assert len(words.pair_rarities(np.zeros(0, np.int64))) == 0
    assert len(words.pair_codes(np.zeros(0, np.int64))) == 0

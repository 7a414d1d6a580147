"""One tokenizer, our words whole, no cache left behind."""

import logging
import tempfile
from pathlib import Path

import jieba
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

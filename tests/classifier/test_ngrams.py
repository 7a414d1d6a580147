"""The vectoriser: our arrays against scikit-learn's, and texts nobody hopes for."""

from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer

from classifier.ngrams import HEAD, TAIL, Rows, Vocabulary, clip, codes_of, grams, learn, normalise

TEXTS = [
    "小区停水一整天，物业不管",
    "小区  停电！ｗｉｆｉ也断了",
    "A线公交车 a线公交车 到站不停",
    "𠮷野家门口占道经营😀",
    "楼上又停水，一整天",
    "一",
    "",
]


def as_matrix(rows: Rows, width: int) -> np.ndarray:
    return csr_matrix((rows.values, rows.features, rows.starts), shape=(len(rows), width)).toarray()


def theirs(texts: list[str], least: int, **told: Any) -> tuple[np.ndarray, list[str]]:
    """What scikit-learn makes of the texts, its weights of rarity under the root, and the names of its columns."""
    made = TfidfVectorizer(sublinear_tf=True, lowercase=False, min_df=least, norm=None, **told)
    weighed = made.fit_transform(texts).toarray()
    if told["analyzer"] == "char":
        weighed = weighed / np.sqrt(made.idf_)
    lengths = np.linalg.norm(weighed, axis=1, keepdims=True)
    return weighed / np.where(lengths > 0, lengths, 1.0), list(made.get_feature_names_out())


def code_of(name: str, way: int) -> int:
    """The code of a piece in the whole text (0), in the opening (1) or as a word (2)."""
    if way == 2:
        return int(codes_of([name])[0])
    return int(grams([name]).codes[0 if len(name) == 1 else 2]) + way * (1 << 44)


@pytest.mark.parametrize("least", [1, 2])
def test_rows_equal_those_of_scikit_learn(least: int) -> None:
    texts = [normalise(text) for text in TEXTS]
    words = ["停水", "公交车", "一整天", "不在其中"]
    vocabulary = learn(texts, least, words=codes_of(words))
    ours = as_matrix(vocabulary.weigh(texts), len(vocabulary))
    openings = [text.split("\n")[0] if "\n" in text else text[:12] for text in texts]

    def spelled(text: str) -> list[str]:
        return [
            text[at : at + n]
            for n in (2, 3, 4)
            for at in range(len(text) - n + 1)
            if text[at : at + n] in words
        ]

    chars = {"analyzer": "char", "ngram_range": (1, 2)}
    ways = ((texts, chars, 1.0), (openings, chars, 0.4), (texts, {"analyzer": spelled}, 1.0))
    for at, (read, told, length) in enumerate(ways):
        expected, names = theirs(read, least, **told)
        codes = np.array([code_of(name, at) for name in names])
        columns = np.searchsorted(vocabulary.codes, codes)
        np.testing.assert_array_equal(vocabulary.codes[columns], codes)
        np.testing.assert_allclose(ours[:, columns], expected * length, rtol=1e-5, atol=1e-7)


def test_a_text_weighs_the_same_alone_and_among_thousands() -> None:
    vocabulary = learn([normalise(text) for text in TEXTS])
    many = [normalise(text) for text in TEXTS] * 900
    together = as_matrix(vocabulary.weigh(many), len(vocabulary))
    for at in (0, 3, 1999, 2000, len(many) - 1):
        alone = as_matrix(vocabulary.weigh([many[at]]), len(vocabulary))
        np.testing.assert_array_equal(together[at], alone[0])


def test_no_pair_reaches_from_one_text_into_the_next() -> None:
    found = grams(["甲", "乙"], words=True)
    assert found.rows.tolist() == [0, 1, 0, 1]
    assert found.codes.tolist()[:2] == [ord("甲"), ord("乙")]
    assert found.widths.tolist() == [1, 1, 1, 1]


def test_every_piece_says_where_it_stands() -> None:
    found = grams(["停水三天"], words=True)
    spelled = {
        (start, width) for start, width in zip(found.starts.tolist(), found.widths.tolist(), strict=True)
    }
    assert spelled == {(start, width) for width in (1, 2, 3, 4) for start in range(5 - width)}


def test_the_opening_is_the_title_or_the_first_letters() -> None:
    titled, bare = grams(["路灯\n不亮三天"]), grams(["一二三四五六七八九十百千万"])
    assert [titled.starts[at] for at in np.flatnonzero(titled.codes >= 1 << 44)] == [0, 1, 0]
    assert int(bare.starts[bare.codes >= 1 << 44].max()) == 11


def test_a_word_is_the_same_wherever_it_stands_and_no_other() -> None:
    words = codes_of(["停水", "水停", "停水三", "三"])
    assert len(words) == 3
    vocabulary = learn(["停水三天", "路灯"], words=words)
    assert vocabulary.words
    assert not learn(["停水三天"]).words
    assert int((vocabulary.codes >= 1 << 62).sum()) == 2


def test_the_limit_keeps_the_most_frequent() -> None:
    vocabulary = learn(["水水", "水电", "水火"], limit=1)
    assert vocabulary.codes.tolist() == [ord("水")]


@pytest.mark.parametrize("texts", [[], [""], ["", ""]])
def test_nothing_to_read_gives_empty_rows(texts: list[str]) -> None:
    assert learn(texts).codes.size == 0
    rows = learn(["停水"]).weigh(texts)
    assert len(rows) == len(texts)
    assert rows.features.size == 0


def test_an_empty_vocabulary_knows_nothing() -> None:
    empty = Vocabulary(np.zeros(0, np.int64), np.zeros(0, np.float32))
    assert empty.weigh(["停水"]).starts.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("  ＡＢＣ　１２ \r\n\t路 ", "abc 12\n路"),
        ("\n题\n\n甲\n乙", "题\n甲 乙"),
        ("停\x00水\x07了", "停 水 了"),
        ("\ud83d半个表情", "半个表情"),
        ("零\u200b宽\ufeff", "零宽"),
        (" \u3000\n", ""),
        ("㈱①", "(株)1"),
    ],
)
def test_normalising_folds_what_looks_alike(given: str, read: str) -> None:
    assert normalise(given) == read
    assert normalise(read) == read


def test_a_long_text_is_read_at_both_ends() -> None:
    long = "头" * HEAD + "中" * 90_000 + "尾" * TAIL
    assert clip(long) == "头" * HEAD + " " + "尾" * TAIL
    assert clip("短") == "短"


def test_characters_that_unfold_into_many_cannot_outgrow_the_limit() -> None:
    assert len(normalise("\ufdfa" * 50_000)) <= HEAD + TAIL + 1

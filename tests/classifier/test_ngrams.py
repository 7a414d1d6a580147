"""The vectoriser: our arrays against scikit-learn's, and texts nobody hopes for."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer

from classifier.ngrams import HEAD, TAIL, Rows, Vocabulary, clip, grams, learn, normalise

TEXTS = [
    "小区停水一整天，物业不管",
    "小区  停电！ｗｉｆｉ也断了",
    "A线公交车 a线公交车 到站不停",
    "𠮷野家门口占道经营😀",
    "一",
    "",
]


def as_matrix(rows: Rows, width: int) -> np.ndarray:
    return csr_matrix((rows.values, rows.features, rows.starts), shape=(len(rows), width)).toarray()


@pytest.mark.parametrize("least", [1, 2])
def test_rows_equal_those_of_scikit_learn(least: int) -> None:
    texts = [normalise(text) for text in TEXTS]
    theirs = TfidfVectorizer(
        analyzer="char", ngram_range=(1, 2), sublinear_tf=True, lowercase=False, min_df=least
    )
    expected = theirs.fit_transform(texts).toarray()
    vocabulary = learn(texts, least)
    ours = as_matrix(vocabulary.weigh(texts), len(vocabulary))
    columns = []
    for name in theirs.get_feature_names_out():
        wanted = grams([name])[1][-1]
        columns.append(int(np.flatnonzero(vocabulary.codes == wanted)[0]))
    assert sorted(columns) == list(range(len(vocabulary)))
    np.testing.assert_allclose(ours[:, columns], expected, rtol=1e-5, atol=1e-7)


def test_a_text_weighs_the_same_alone_and_among_thousands() -> None:
    vocabulary = learn([normalise(text) for text in TEXTS])
    many = [normalise(text) for text in TEXTS] * 900
    together = as_matrix(vocabulary.weigh(many), len(vocabulary))
    for at in (0, 3, 1999, 2000, len(many) - 1):
        alone = as_matrix(vocabulary.weigh([many[at]]), len(vocabulary))
        np.testing.assert_array_equal(together[at], alone[0])


def test_no_pair_reaches_from_one_text_into_the_next() -> None:
    rows, codes = grams(["甲", "乙"])
    assert rows.tolist() == [0, 1]
    assert codes.tolist() == [ord("甲"), ord("乙")]


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
        ("  ＡＢＣ　１２ \r\n\t路 ", "abc 12 路"),
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

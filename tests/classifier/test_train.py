"""Training: honest figures, odd data, the same weights for the same seed."""

from collections.abc import Callable
from datetime import datetime

import numpy as np
import pytest

from classifier.model import Model
from classifier.train import TooLittle, Trained, fit
from rules.errors import BadInput

Tickets = Callable[..., tuple[list[str], list[str], list[str]]]


def test_the_model_learns_new_texts_and_both_heads(trained: Trained, tickets: Tickets) -> None:
    model = Model(trained, "here")
    texts, _, categories = tickets(200, seed=11)
    answers = model.suggest_many(texts, explain=False)
    right = sum(a.categories[0][0] == c for a, c in zip(answers, categories, strict=True))
    assert right > 190
    assert [head.name for head in trained.heads] == ["department", "category"]


def test_honest_figures_do_not_reward_wrong_labels(trained: Trained) -> None:
    honest = trained.manifest["measured"]["department"]
    assert honest["n"] == trained.manifest["training"]["rows"] == 600
    assert 0.9 < honest["accuracy"] < 0.99  # one row in twenty-five was given a random department
    assert trained.manifest["measured"]["category"]["accuracy"] > honest["accuracy"]


def test_copies_of_a_text_never_raise_the_honest_accuracy(tickets: Tickets, now: datetime) -> None:
    noise = [f"{a}{b}" for a in "天地玄黄宇宙洪荒日月盈昃" for b in "金木水火土"]
    labels = [str(k) for k in np.random.default_rng(1).integers(0, 4, len(noise))]
    copied = [f"{text}，第{k}次来电" for k in range(5) for text in noise]
    honest = fit(copied, labels * 5, now=now).manifest["measured"]["department"]
    assert (
        honest["accuracy"] < 0.45
    )  # guessing gives a quarter; memory across the split would give nearly all


def test_rows_without_text_or_label_are_left_out_and_counted(tickets: Tickets, now: datetime) -> None:
    texts, labels, _ = tickets(80)
    trained = fit([*texts, "", " \u3000", "停水", "\x00"], [*labels, "甲", "甲", " ", "甲"], now=now)
    assert trained.manifest["training"]["rows"] == 80
    assert trained.manifest["training"]["left_out"] == 4
    assert "甲" not in trained.heads[0].labels


def test_the_same_seed_gives_the_same_weights(tickets: Tickets, now: datetime) -> None:
    texts, labels, _ = tickets(90)
    one, two = (fit(texts, labels, now=now, seed=4) for _ in range(2))
    assert one.manifest == two.manifest
    np.testing.assert_array_equal(one.heads[0].weights.values, two.heads[0].weights.values)
    assert one.heads[0].calibration == two.heads[0].calibration


def test_the_same_seed_gives_the_same_weights_also_where_names_have_parts(
    tickets: Tickets, now: datetime
) -> None:
    texts, labels, _ = tickets(400)
    places = [f"{'东西南'[at % 3]}山区{label}" for at, label in enumerate(labels)]
    one, two = (fit(texts, places, now=now, seed=4) for _ in range(2))
    assert len(one.heads[0].parts) > 1
    assert one.manifest == two.manifest
    np.testing.assert_array_equal(one.heads[0].weights.values, two.heads[0].weights.values)


def test_sixty_rows_with_ten_labels_are_enough_to_start(now: datetime) -> None:
    matters = ["停水", "停电", "停气", "欠薪", "噪音", "占道", "公交", "学校", "医保", "户口"]
    texts = [
        f"{matter}{tail}" for matter in matters for tail in ("问题", "投诉", "咨询", "没人管", "求助", "太久")
    ]
    trained = fit(texts, [text[:2] for text in texts], now=now)
    model = Model(trained, "cold")
    assert model.suggest("我家停气了").labels[0][0] == "停气"
    assert 0.5 < model.suggest("我家停气了").labels[0][1] < 1


def test_labels_seen_once_neither_crash_nor_open_the_gate(now: datetime) -> None:
    texts = ["小区停水", "工地欠薪", "公交不停站", "学校食堂", "烧烤油烟"]
    trained = fit(texts, list("甲乙丙丁戊"), now=now)
    answer = Model(trained, "once").suggest("小区又停水了")
    assert answer.labels[0][0] == "甲"
    assert answer.labels[0][1] < 0.5  # none of the five could be answered unseen
    assert answer.abstain


def test_a_fold_that_shows_one_label_only_is_survived(now: datetime) -> None:
    trained = fit(["停水", "停水了吗", "欠薪"], ["甲", "甲", "乙"], now=now)
    assert trained.manifest["measured"]["department"]["n"] == 3


@pytest.mark.parametrize(
    ("texts", "labels"),
    [
        ([], []),
        (["停水"], ["甲"]),
        (["停水", "停电"], ["甲", "甲"]),
        (["停水", "停水！"], ["甲", "乙"]),  # one group: nothing could be measured
        (["", " "], ["甲", "乙"]),
    ],
)
def test_too_little_is_said_in_chinese(texts: list[str], labels: list[str], now: datetime) -> None:
    with pytest.raises(TooLittle, match="训练数据不足"):
        fit(texts, labels, now=now)


def test_columns_of_unequal_length_are_refused(now: datetime) -> None:
    with pytest.raises(BadInput, match="行数不一致"):
        fit(["停水", "停电"], ["甲", "乙"], groups=["1"], now=now)


def test_a_clock_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        fit(["停水", "停电"], ["甲", "乙"], now=datetime(2026, 1, 1))  # noqa: DTZ001


def test_a_category_column_with_one_word_makes_no_head(tickets: Tickets, now: datetime) -> None:
    texts, labels, _ = tickets(60)
    trained = fit(texts, labels, categories=["同一类"] * 59 + [""], now=now)
    assert [head.name for head in trained.heads] == ["department"]


def test_blank_categories_leave_only_the_category_head(tickets: Tickets, now: datetime) -> None:
    texts, labels, categories = tickets(120)
    categories[:60] = [""] * 60
    measured = fit(texts, labels, categories=categories, now=now).manifest["measured"]
    assert (measured["department"]["n"], measured["category"]["n"]) == (120, 60)


def test_progress_is_told_before_the_last_fit(tickets: Tickets, now: datetime) -> None:
    said: list[str] = []
    texts, labels, _ = tickets(60)
    fit(texts, labels, now=now, progress=said.append)
    honest = next(at for at, line in enumerate(said) if "首选" in line)
    assert honest < said.index("用全部数据训练…")


def test_a_department_of_few_tickets_learns_its_function_from_its_sisters(now: datetime) -> None:
    places = {"东山区": "金桥路", "西山区": "柳湾村", "南山区": "北桥镇"}
    matters = {"城管局": ["占道经营", "烧烤油烟", "小广告"], "环保局": ["工厂废气", "河水发臭", "废水直排"]}
    few = ("南山区", "环保局")
    texts, labels = [], []
    for district, place in places.items():
        for function, told in matters.items():
            for matter in told[: 1 if (district, function) == few else None]:
                for tail in ("没人管", "请处理", "很久了", "影响生活"):
                    texts.append(f"{place}{matter}{tail}")
                    labels.append(district + function)
    model = Model(fit(texts, labels, now=now), "parts")
    assert model.suggest("北桥镇河水发臭怎么办").labels[0][0] == "南山区环保局"
    coded = fit(texts, [f"D{sorted(set(labels)).index(label)}" for label in labels], now=now)
    assert len(coded.heads[0].parts) == 1
    names = {f"D{at}": label for at, label in enumerate(sorted(set(labels)))}
    named = fit(texts, [f"D{sorted(set(labels)).index(label)}" for label in labels], now=now, names=names)
    assert len(named.heads[0].parts) > 1


def test_letters_are_also_read_by_the_words_of_the_dictionary(tickets: Tickets, now: datetime) -> None:
    texts, labels, _ = tickets(60)
    assert not fit(texts, labels, now=now).vocabulary.words
    padding = "我们多次向有关部门反映这个问题，一直没有得到明确的答复，" * 4
    letters = [f"{text}。{padding}{text}，我是第{at}户，家住{at * 7}栋" for at, text in enumerate(texts)]
    assert fit(letters, labels, now=now).vocabulary.words

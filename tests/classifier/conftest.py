"""An invented town's tickets (虚构语料) and one model trained on them for the whole session."""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from classifier.model import Model, load
from classifier.train import Trained, fit, save

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)

MATTERS = {
    "城管局": (
        "占道经营",
        ["烧烤摊占道经营油烟大", "夜市摊贩乱摆乱放", "店铺招牌违章搭建", "流动摊贩噪音扰民"],
    ),
    "供水公司": ("停水", ["小区停水一整天", "水管爆裂漏水严重", "自来水发黄有异味", "水费多收要求退费"]),
    "公交公司": ("公交", ["公交车到站不停", "公交司机态度恶劣", "公交线路改道无公告", "末班车提前发车"]),
    "人社局": ("欠薪", ["工地拖欠工资三个月", "公司不签劳动合同", "社保一直没有缴纳", "养老金发放少算"]),
    "教育局": ("学校", ["学校食堂饭菜变质", "校外培训机构不退费", "学位安排不合理", "老师有偿补课"]),
}
PLACES = ["青石街道", "柳湾社区", "北桥镇", "望江小区", "新风路", "长宁村", "松岭花园", "东岗市场"]
ENDINGS = [
    "请尽快处理",
    "希望有关部门核实",
    "已经反映过没人管",
    "什么时候能解决",
    "严重影响生活",
    "老人小孩受不了",
]


def corpus(size: int, seed: int = 3) -> tuple[list[str], list[str], list[str]]:
    """`size` invented texts with department and category; one in twenty-five bears a wrong department."""
    dice = random.Random(seed)
    texts, labels, categories = [], [], []
    for _ in range(size):
        department = dice.choice(list(MATTERS))
        category, matters = MATTERS[department]
        joined = dice.sample([dice.choice(PLACES), dice.choice(matters), dice.choice(ENDINGS)], 3)
        texts.append("，".join(joined) + f"，编号{dice.randrange(1000)}")
        labels.append(dice.choice(list(MATTERS)) if dice.random() < 1 / 25 else department)
        categories.append(category)
    return texts, labels, categories


@pytest.fixture(scope="session")
def trained() -> Trained:
    texts, labels, categories = corpus(600)
    return fit(texts, labels, categories=categories, now=NOW)


@pytest.fixture(scope="session")
def bundle(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("bundles") / "town"
    save(trained, out)
    return out


@pytest.fixture(scope="session")
def model(bundle: Path) -> Model:
    return load(bundle)


@pytest.fixture(scope="session")
def tickets() -> Callable[..., tuple[list[str], list[str], list[str]]]:
    return corpus


@pytest.fixture(scope="session")
def now() -> datetime:
    return NOW

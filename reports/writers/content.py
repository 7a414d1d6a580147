"""What a report says, in which order (报表内容): the document in, a paper out that all writers lay out alike."""

from collections.abc import Iterator, Mapping
from typing import Any

from reports.writers import lists, tables, wording
from reports.writers.shape import NOTHING, Change, Chart, Paper, Part, Section, Table, Words
from reports.writers.tables import Json
from reports.writers.wording import clean

#: Bars in one picture; of more departments the first and the last are shown.
MOST_BARS = 48
_ENDS = 20
_TOP = 10
_NUMERALS = "一二三四五六七八九十"


def paper(document: Json) -> Paper:
    """The whole report, from its JSON document; raises KeyError where the document lacks a part."""
    words = tables.Words(document)
    sections = tuple(_sections(document, words))
    return Paper(
        title=clean(document["title"]),
        region=clean(document["region"]),
        period=wording.period(document["kind"], document["period"]),
        as_of=wording.instant(document["as_of"]),
        version=wording.version(document),
        facts=tuple(_facts(document)),
        sections=sections,
        made_at=document["as_of"],
    )


def numbered(sections: tuple[Section, ...]) -> Iterator[tuple[str, Section]]:
    """Each section with its Chinese numeral."""
    for n, section in enumerate(sections, 1):
        ten, one = divmod(n, 10)
        tens = ("" if ten == 1 else _NUMERALS[ten - 1]) + "十" if ten else ""
        yield tens + (_NUMERALS[one - 1] if one else ""), section


def _facts(document: Json) -> Iterator[tuple[str, str]]:
    yield "地区", clean(document["region"])
    if document.get("department"):
        yield "承办单位", clean(document["department"]["name"])
    name = wording.period(document["kind"], document["period"])
    yield "统计期间", f"{name}（{wording.span(document['begins'], document['ends'])}）"
    if before := document.get("before"):
        ago = wording.period(document["kind"], before["period"])
        yield "对比期间", f"{ago}（{wording.span(before['begins'], before['ends'])}）"
    yield "数据截至", wording.instant(document["as_of"])
    yield "版本", wording.version(document)
    yield "时限统计", wording.counted_until(document)
    if document.get("pack"):
        yield "规则包", clean(document["pack"])[:12]


def _sections(document: Json, words: tables.Words) -> Iterator[Section]:
    now, before = wording.PERIODS.get(document["kind"], ("本期", "上期"))
    days = tables.by_day(document, words)
    dimensions = {
        each: tables.by_dimension(document, words, each)
        for each in ("department", "category", "area", "channel", "type")
    }
    yield Section(
        "overview",
        "总体情况",
        (
            *_warnings(document),
            *(Words(text) for text in lead(document, words)),
            tables.headline_counts(document, words, now, before),
            tables.headline_rates(document, words, now, before),
        ),
    )
    yield Section("trend", days.title, (*_trend(days), days))
    yield Section("ranking", "承办单位排名", tuple(_ranking(dimensions["department"])))
    yield Section("shape", "诉求构成", tuple(_shape(document, words, dimensions)))
    yield _across("departments", dimensions["department"].title, (dimensions["department"],))
    others = tuple(dimensions[each] for each in ("category", "area", "channel", "type"))
    yield _across("dimensions", "分类统计", others)
    named = tuple(lists.listed(document, each) for each in ("overdue", "hot", "supervised", "no_reply"))
    yield _across("tickets", "重点工单", named)
    yield Section("checks", "数据核对", (lists.checks(document),))
    if (document["version"] or 0) > 1:
        yield Section("differences", "更正说明", (lists.differences(document),))
    annex = (
        Words("本报表的每个比率都由下列计数相除得到；分母为零时不计算，以“–”表示。"),
        lists.indicators(document, words),
        lists.measures(document),
    )
    yield Section("annex", "指标口径", annex)


def _across(code: str, title: str, parts: tuple[Table, ...]) -> Section:
    """Wide tables, where there is one to be shown."""
    return Section(code, title, parts, wide=any(part.rows for part in parts))


def _warnings(document: Json) -> Iterator[Words]:
    wrong = [clean(each["name"]) for each in document["checks"] if not each["ok"]]
    if wrong:
        yield Words(f"数据核对有{len(wrong)}项不符，请核实后再使用：{'；'.join(wrong)}。", warning=True)
    if not document["frozen"]:
        yield Words(f"未定稿：数据截至{wording.instant(document['as_of'])}，以后仍会变动。", warning=True)
    elif (document["version"] or 0) > 1:
        n = len(document.get("differences") or ())
        yield Words(f"本版为更正版，与上一版相比有{n}处不同，见“更正说明”。", warning=True)


def lead(document: Json, words: tables.Words) -> Iterator[str]:
    """What happened in the period, in a few sentences."""
    totals = document["totals"]
    counts: Mapping[str, int] = totals["counts"]
    n = {code: int(counts.get(code, 0)) for code in (*tables.HEADLINE.split(), "waiting", "transferred")}
    span = wording.span(document["begins"], document["ends"])
    if tables.everything_is_nothing(document):
        standing = f"期末在办{n['open']}件。" if n["open"] else "期末没有在办工单。"
        yield f"{span}，本期没有受理工单，也没有到期、办结和回访的工单。{standing}"
        return
    if n["received"]:
        change = _compared(Change.of((totals.get("change") or {}).get("received")), document["kind"])
        ways = [("direct", "直接答复"), ("dispatched", "派单"), ("refused", "不予受理")]
        ways += [("transferred", "转紧急"), ("waiting", "未派")]
        parts = "，".join(f"{name}{n[code]}件" for code, name in ways if n[code])
        yield f"{span}，受理{n['received']}件{change}{f'；其中{parts}' if parts else ''}。"
    else:
        yield f"{span}，本期没有受理工单。"
    due = f"到期应办结{n['due']}件，按时办结{n['on_time']}件，超期{n['late']}件"
    rate = _rate_words(totals, words, "on_time/due")
    due = due + (f"，{rate}" if rate else "") if n["due"] else "没有到期应办结的工单"
    yield f"承办单位办结{n['done']}件；{due}。期末在办{n['open']}件。"
    pairs = ("responded/contact_due", "solved/solved_known", "satisfied/satisfied_known")
    said = [text for text in (_rate_words(totals, words, pair) for pair in pairs) if text]
    yield "，".join(said) + "。" if said else "本期没有可以评价的回访。"


def _rate_words(totals: Json, words: tables.Words, pair: str) -> str:
    indicator = words.indicators.get(pair)
    rate = (totals.get("rates") or {}).get(indicator["code"]) if indicator else None
    return f"{clean(rate['name'])}{rate['words']}" if rate and rate["percent"] is not None else ""


def _compared(change: Change, kind: str) -> str:
    before = wording.PERIODS.get(kind, ("本期", "上期"))[1]
    if change.difference is None or change.words == NOTHING:
        return ""
    return f"（比{before}{change.words}）" if change.percent is not None else f"（{before}为0件）"


def _trend(days: Table) -> Iterator[Part]:
    if not days.rows:
        yield Words("本期没有受理和办结的工单。")
        return
    most = max(days.rows, key=lambda row: _count(row.cells[days.index("received")]))
    received, done = (_summed(days, code) for code in ("received", "done"))
    said = f"受理共{received}件，单位办结共{done}件；受理最多的是{most.label}，{most.cells[days.index('received')]}件。"
    yield Chart(
        "days", "受理与单位办结（件）", "columns", days, ("received", "done"), 0, len(days.rows), said
    )


def _ranking(table: Table) -> Iterator[Part]:
    rank = table.index("rank")
    ranked = sum(row.cells[rank] is not None for row in table.rows)
    pair = "on_time/due"
    if not ranked or all(column.code != pair for column in table.columns):
        yield Words("本期没有到期应办结的工单，各单位不排名。")
        return
    name = table.columns[table.index(pair)].name
    parts = [("", 0, ranked)]
    if ranked > MOST_BARS:
        parts = [(f"前{_ENDS}家", 0, _ENDS), (f"后{_ENDS}家", ranked - _ENDS, _ENDS)]
        yield Words(f"参加排名的有{ranked}家单位，图中列出前{_ENDS}家和后{_ENDS}家，其余见“{table.title}”。")
    for n, (which, first, count) in enumerate(parts):
        said = f"依{name}排名，共{ranked}家；没有到期工单的单位不排名；名次相同的并列。"
        title = f"{name}排名{f'（{which}）' if which else ''}（按时/到期）"
        yield Chart(f"ranking{n or ''}", title, "bars", table, (pair,), first, count, said)


def _shape(document: Json, words: tables.Words, dimensions: Mapping[str, Table]) -> Iterator[Part]:
    total = int(document["totals"]["counts"].get("received", 0))
    if not total:
        yield Words("本期没有受理工单。")
        return
    kinds = dimensions["type"]
    if kinds.rows:
        said = f"受理共{total}件，按诉求类型分。"
        title = f"诉求类型（受理{total}件）"
        yield Chart("types", title, "bars", kinds, ("received",), 0, len(kinds.rows), said)
    top = tables.top(document, words, "category", _TOP)
    if top.rows:
        said = f"受理共{total}件，图中是受理最多的{len(top.rows)}类。"
        title = f"受理最多的{len(top.rows)}类诉求（件）"
        yield Chart("top", title, "bars", top, ("received",), 0, len(top.rows), said)
        yield top


def _count(cell: Any) -> int:
    return cell if isinstance(cell, int) else 0


def _summed(table: Table, code: str) -> int:
    total = table.total.cells[table.index(code)] if table.total else 0
    return total if isinstance(total, int) else 0

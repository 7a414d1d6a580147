"""A county's first day (冷启动): a model of the catalogue alone, tried on tickets written without sight of the phrases.

`python -m benchmarks.cold_start [--file FILE] [--parts N]`. Two levels are measured: the model alone, and the model
with the pack's rules as the desk applies them. Without the file of tickets only the phrases are cross-validated.
The tickets are never trained on, and their words are never printed.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, code, show
from classifier.model import Model
from classifier.train import fit
from dispatch import packs
from dispatch.triage import gazetteer, judge
from rules.lessons import Lesson, duties, lessons, phrases
from rules.matching import township_of
from rules.pack_records import BY_PLACE
from rules.policy import Policy, parse
from rules.terms import CHINA, Facts, Stage, TicketType, Urgency

PACK = "demo-county"
TICKETS = Path(__file__).parents[1] / "tests" / "data" / "cold_start.jsonl"
NOW = datetime(2026, 3, 10, 10, 0, tzinfo=CHINA)  # a Tuesday morning: no rule of the night or of a season
PARTS = 5
TOP1, TOP3 = 0.70, 0.88


@dataclass(frozen=True, slots=True)
class Answer:
    """What came out for one ticket: departments, best first; whether it would have gone out alone, and why."""

    ranked: tuple[str, ...]
    alone: bool
    rule: str


def learned(rows: Sequence[Lesson]) -> Model:
    """A model of these rows, never written down."""
    texts, labels, categories = zip(*((row.text, row.label, row.category) for row in rows), strict=True)
    return Model(fit(texts, labels, categories=categories, now=NOW), "catalogue")


def crossed(policy: Policy, parts: int) -> tuple[float, float, float]:
    """Each phrase read by a model that has not seen it: share right on department, in the first three, on category.

    The phrases of a category are dealt over the parts in turn, so that each part lacks some of every category.
    """
    dealt: Counter[str] = Counter()
    held: list[list[Lesson]] = [[] for _ in range(parts)]
    for row in phrases(policy):
        held[dealt[row.category] % parts].append(row)
        dealt[row.category] += 1
    first = near = kind = 0
    for part in held:
        model = learned([*duties(policy), *(row for other in held if other is not part for row in other)])
        for row, said in zip(
            part, model.suggest_many([row.text for row in part], explain=False), strict=True
        ):
            ranked = [label for label, _ in said.labels[:3]]
            first += ranked[:1] == [row.label]
            near += row.label in ranked
            kind += [label for label, _ in said.categories[:1]] == [row.category]
    total = dealt.total()
    return first / total, near / total, kind / total


# --- Tickets nobody trained on ------------------------------------------------------------------------------


def words(ticket: dict[str, Any]) -> str:
    """Title and text, as triage shows them to the model."""
    return f"{ticket.get('title') or ''}\n{ticket['text']}"


def by_model(model: Model, policy: Policy, tickets: Sequence[dict[str, Any]]) -> list[Answer]:
    """The model alone; what it gives to the place goes to the township of the place that is named."""
    said = model.suggest_many([words(each) for each in tickets], explain=False)
    return [
        Answer(_resolved([label for label, _ in each.labels], ticket, policy), not each.abstain, "model")
        for ticket, each in zip(tickets, said, strict=True)
    ]


def by_desk(model: Model, policy: Policy, tickets: Sequence[dict[str, Any]]) -> list[Answer]:
    """Model and rules, through the very function that triage calls."""
    said = model.suggest_many([words(each) for each in tickets], explain=False)
    answers = []
    for ticket, suggestion in zip(tickets, said, strict=True):
        row = {
            "text": ticket["text"],
            "title": ticket.get("title") or "",
            "place": ticket.get("place"),
            "type": ticket.get("type", "other"),
            "urgency": ticket.get("urgency", "normal"),
            "channel": ticket.get("channel", "phone"),
            "enterprise": ticket.get("enterprise"),
            "occasion": ticket.get("occasion"),
        }
        decision = judge(row, _received(row), suggestion, policy, NOW).decision
        proposed = [each["department"] or each["name"] for each in decision.details.get("proposal", ())]
        named = [decision.department, *decision.details.get("copy_to", ()), *proposed]
        labels = [label for label, _ in suggestion.labels]
        ranked = _resolved([*filter(None, named), *labels], ticket, policy)
        answers.append(Answer(ranked, decision.what == Stage.TO_SIGN.value, decision.rule))
    return answers


def _received(row: dict[str, Any]) -> Facts:
    return Facts(
        number="",
        stage=Stage.RECEIVED,
        type=TicketType(row["type"]),
        urgency=Urgency(row["urgency"]),
        channel=row["channel"],
        received_at=NOW,
    )


def _resolved(labels: Sequence[str], ticket: dict[str, Any], policy: Policy) -> tuple[str, ...]:
    """Labels as departments, each once; a label of the place is nobody's where the place is not clear."""
    mentions = gazetteer(policy).find(f"{ticket.get('place') or ''}\n{words(ticket)}")
    township = township_of(tuple(code for each in mentions for code in each.codes), policy)
    there = township.code if township else BY_PLACE
    known = [policy.department_of(label) for label in labels]
    codes = (
        there if label == BY_PLACE else each.code if each else label
        for label, each in zip(labels, known, strict=True)
    )
    return tuple(dict.fromkeys(codes))


def scored(title: str, answers: Sequence[Answer], tickets: Sequence[dict[str, Any]]) -> list[Figure]:
    """Top 1 and top 3 on the lead, the same with what a dispatcher would accept as well, and what goes out alone."""
    pairs = list(zip(answers, tickets, strict=True))
    first = sum(answer.ranked[:1] == (ticket["department"],) for answer, ticket in pairs)
    near = sum(ticket["department"] in answer.ranked[:3] for answer, ticket in pairs)
    fair = sum(_fair(answer.ranked[:1], ticket) for answer, ticket in pairs)
    sent = [(answer, ticket) for answer, ticket in pairs if answer.alone]
    right = sum(_fair(answer.ranked[:1], ticket) for answer, ticket in sent)
    n = len(pairs)
    return [
        Figure(f"{title}: top 1", _share(first, n), f">= {TOP1:.0%}", first >= TOP1 * n),
        Figure(f"{title}: top 3", _share(near, n), f">= {TOP3:.0%}", near >= TOP3 * n),
        Figure(f"{title}: top 1, or another that would be accepted", _share(fair, n)),
        Figure(f"{title}: dispatched without a person", _share(len(sent), n)),
        Figure(f"{title}: of these acceptable", _share(right, len(sent))),
    ]


def _fair(ranked: Sequence[str], ticket: dict[str, Any]) -> bool:
    return bool(ranked) and ranked[0] in (ticket["department"], *ticket.get("also", ()))


def _share(hits: int, n: int) -> str:
    return f"{hits / n:.1%} ({hits}/{n})" if n else "none"


def confused(answers: Sequence[Answer], tickets: Sequence[dict[str, Any]]) -> list[Figure]:
    """Which departments are taken for which, without a word of the tickets."""
    wrong = Counter(
        (ticket["department"], (answer.ranked or ("nobody",))[0])
        for answer, ticket in zip(answers, tickets, strict=True)
        if answer.ranked[:1] != (ticket["department"],)
    )
    return [Figure(f"{gold} taken for {told}", str(times)) for (gold, told), times in wrong.most_common(12)]


def read(file: Path) -> list[dict[str, Any]]:
    """The tickets, one JSON object a line; none where the file is absent."""
    if not file.is_file():
        return []
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


def run(file: Path = TICKETS, parts: int = PARTS) -> list[Figure]:
    """All figures; the pack is broken where a ticket's department is not one of it."""
    policy = parse(packs.read_folder(PACK))
    shown, near, kind = crossed(policy, parts)
    figures = [
        Figure(
            "phrases, categories", f"{len(phrases(policy))}, {len({row.category for row in phrases(policy)})}"
        ),
        Figure(f"phrases among themselves ({parts} parts): department, top 1", f"{shown:.1%}"),
        Figure("the same, top 3", f"{near:.1%}"),
        Figure("the same, category", f"{kind:.1%}"),
    ]
    tickets = read(file)
    if not tickets:
        return [
            *figures,
            Figure("tickets written without sight of the phrases", f"no {file.name}: not measured"),
        ]
    strange = sorted({each["department"] for each in tickets} - set(policy.departments))
    if strange:
        return [*figures, Figure("tickets", file.name, broken=f"not in the pack: {', '.join(strange)}")]
    alone, whole = learned(phrases(policy)), learned(lessons(policy))
    desk = by_desk(whole, policy, tickets)
    spoke = sum(answer.alone and answer.rule != "model" for answer in desk)
    return [
        *figures,
        *scored("model of phrases", by_model(alone, policy, tickets), tickets)[:2],
        *scored("model of phrases and duties", by_model(whole, policy, tickets), tickets),
        *scored("model and rules", desk, tickets),
        Figure("dispatched by a rule", _share(spoke, len(tickets))),
        *confused(desk, tickets),
    ]


def main() -> int:
    """Measure and print."""
    asked = argparse.ArgumentParser(prog="python -m benchmarks.cold_start", description=__doc__)
    asked.add_argument("--file", type=Path, default=TICKETS)
    asked.add_argument("--parts", type=int, default=PARTS, help="how many times the phrases are held out")
    told = asked.parse_args()
    if told.parts < 2:
        asked.error("--parts: at least 2")
    figures = run(told.file, told.parts)
    show("cold start", figures)
    return code(figures)


if __name__ == "__main__":
    sys.exit(main())

"""A city's rules (规则包), typed, checked and frozen: departments, catalogue, limits, ladder and the rest."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType

from rules.accept import EmergencyRule, RefusalRule
from rules.errors import PackFault
from rules.hours import Hours
from rules.occasion_rows import Occasions
from rules.pack_cases import Case, read_cases
from rules.pack_chain import HEAD, Chain, follow
from rules.pack_hours import read_hours
from rules.pack_indicators import read_figures
from rules.pack_limits import (
    read_ladder,
    read_limits,
    read_receivers,
    read_rectification,
    read_returns,
)
from rules.pack_lines import Fault
from rules.pack_occasions import read_occasions
from rules.pack_pressure import (
    read_card,
    read_counting,
    read_digest,
    read_incomplete,
    read_invalid,
    read_levels,
)
from rules.pack_records import (
    Area,
    CardRule,
    Category,
    Channel,
    CountingRule,
    Department,
    DigestRule,
    IncompleteRule,
    Indicator,
    InvalidReason,
    LadderRow,
    Level,
    Limit,
    LimitRow,
    Receiver,
    Reporting,
    RoutingRule,
    Settings,
    plain,
    upwards,
)
from rules.pack_rules import check_catalogue, check_reach, read_routing
from rules.pack_sheets import Sheet
from rules.pack_source import nearest
from rules.pack_tables import (
    read_areas,
    read_categories,
    read_channels,
    read_departments,
    read_emergencies,
    read_refusals,
    read_settings,
)
from rules.return_records import (
    AppealRule,
    CallbackRule,
    ContactRule,
    ExtensionRule,
    RectifyRule,
    ReturnRule,
    SuspensionReason,
)
from rules.terms import ClockKind, LadderStep, TicketType, Urgency
from rules.worktime import AfterHours, Window

__all__ = [
    "Area",
    "CallbackRule",
    "CardRule",
    "Case",
    "Category",
    "Channel",
    "CountingRule",
    "Department",
    "DigestRule",
    "ExtensionRule",
    "IncompleteRule",
    "Indicator",
    "InvalidReason",
    "LadderRow",
    "Level",
    "Limit",
    "LimitRow",
    "Policy",
    "Receiver",
    "Reporting",
    "ReturnRule",
    "RoutingRule",
    "SuspensionReason",
    "content_hash",
    "parse",
]

#: What a pack must hold; anything beyond these, EXTRA and OPTIONAL is a fault: no misspelt file is ignored.
REQUIRED = (
    "pack.toml",
    "areas.toml",
    "departments.toml",
    "catalogue.toml",
    "channels.toml",
    "routing.toml",
    "limits.toml",
    "ladder.toml",
    "returns.toml",
    "acceptance.toml",
)
#: What a pack may do without, as packs did that tickets of long ago name; merged over the chain like the rest.
EXTRA = ("occasions.toml", "indicators.toml", "hours.toml")
#: The worked cases that `rules/cases.py` runs; part of the hash like the rest.
OPTIONAL = ("cases.toml",)


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """One pack, parsed (规则包). Mappings are read-only and keyed by code; `hash` names this very content.

    `gate` is the least calibrated probability for dispatch without a person, `join_likeness` the least likeness
    of texts for a caller's new contact to join the open ticket; `windows` are the office hours,
    `hours` what hours.toml adds to them;
    `handle_starts` says which event starts the handling limit: dispatched, received or signed. `labels` maps
    every code, name and alias (as `plain` writes it) to the department's code, and the codes of former departments to
    the one that succeeds them. `chain` names the pack and those
    it extends, up to the nation's. An `abstract` pack is there to be extended: `missing` says in Chinese what it
    lacks to be used by itself; limits and ladder stand.
    """

    name: str
    title: str
    hash: str
    region: str
    area_code: str
    extends: str | None
    abstract: bool
    chain: tuple[str, ...]
    missing: tuple[str, ...]
    gate: float
    join_likeness: float
    windows: tuple[Window, ...]
    after_hours: AfterHours
    handle_starts: str
    hours: Hours
    departments: Mapping[str, Department]
    areas: Mapping[str, Area]
    categories: Mapping[str, Category]
    channels: Mapping[str, Channel]
    receivers: Mapping[str, Receiver]
    routing: tuple[RoutingRule, ...]
    limits: tuple[LimitRow, ...]
    ladder: tuple[LadderRow, ...]
    levels: tuple[Level, ...]
    counting: CountingRule
    digest: DigestRule
    invalid: tuple[InvalidReason, ...]
    incomplete: tuple[IncompleteRule, ...]
    card: CardRule
    returns: ReturnRule
    appeals: AppealRule
    extensions: ExtensionRule
    suspensions: tuple[SuspensionReason, ...]
    callbacks: CallbackRule
    contacts: ContactRule
    rectification: RectifyRule
    reporting: Reporting
    indicators: tuple[Indicator, ...]
    emergencies: tuple[EmergencyRule, ...]
    refusals: tuple[RefusalRule, ...]
    occasions: Occasions
    labels: Mapping[str, str]
    cases: tuple[Case, ...]
    #: What `limit`, `legal_limit` and `steps` found, by what they were asked: a replay asks for the same few again and again.
    _limits: dict[tuple[ClockKind, TicketType, Urgency, str], Limit | None] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _legal: dict[tuple[TicketType, Urgency], tuple[LimitRow, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _steps: dict[tuple[ClockKind, Urgency], tuple[LadderStep, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def limit(self, clock: ClockKind, kind: TicketType, urgency: Urgency, occasion: str = "") -> Limit | None:
        """The limit of a clock: first row that fits, in pack order; None where the pack sets none.

        `occasion` is "", "redo" or "conferring"; without a row of its own the ordinary limit holds.
        """
        asked = (clock, kind, urgency, occasion)
        if asked not in self._limits:
            self._limits[asked] = self._limit(*asked)
        return self._limits[asked]

    def _limit(self, clock: ClockKind, kind: TicketType, urgency: Urgency, occasion: str) -> Limit | None:
        for wanted in dict.fromkeys((occasion, "")):
            for row in self.limits:
                if row.holds(clock, kind, urgency, wanted):
                    return Limit(row.budget, row.id, row.clause) if row.budget else None
        return None

    def legal_limit(self, kind: TicketType, urgency: Urgency, category: str | None) -> Limit | None:
        """What the law sets for handling such a matter (法定时限), by the first row that fits; None where it sets nothing."""
        rows = self._legal.get((kind, urgency))
        if rows is None:
            asked = (ClockKind.HANDLE, kind, urgency, "legal")
            rows = self._legal[kind, urgency] = tuple(row for row in self.limits if row.holds(*asked))
        within = set(upwards(category, self.categories)) if rows else set()
        for row in rows:
            if row.budget and (not row.categories or within & set(row.categories)):
                return Limit(row.budget, row.id, row.clause)
        return None

    def steps(self, clock: ClockKind, urgency: Urgency) -> tuple[LadderStep, ...]:
        """The ladder of a clock, in pack order."""
        if (clock, urgency) not in self._steps:
            self._steps[clock, urgency] = tuple(
                row.step
                for row in self.ladder
                if row.clock == clock and (not row.urgencies or urgency in row.urgencies)
            )
        return self._steps[clock, urgency]

    def department_of(self, label: str) -> Department | None:
        """The department whose code, name or alias is exactly `label` (after NFKC and trimming), or None.

        The code of a former department means the one that succeeds it (机构合并).
        """
        code = self.labels.get(plain(label))
        return None if code is None else self.departments[code]

    def within(self, area: str, wider: str) -> bool:
        """Whether `area` is `wider` or lies in it."""
        return wider in upwards(area, self.areas)


def content_hash(files: Mapping[str, str]) -> str:
    """sha256 (64 hex digits) over names and texts; line ends and the order of the files do not count."""
    unix = {name: text.replace("\r\n", "\n") for name, text in files.items()}
    canonical = json.dumps(unix, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def parse(files: Mapping[str, str]) -> Policy:
    """A pack's files (already gathered) in, the checked policy out.

    Keys are "pack/file.toml" for a pack with all that it extends, or bare file names for one that stands alone.
    Raises PackFault with every fault: `detail` lists them by pack, file and line, `facts["faults"]` is the same as
    a list, `facts["details"]` the same as plain JSON.
    """
    faults: list[Fault] = []
    missing: list[str] = []
    chain, sheets = open_sheets(files, faults, missing)
    if not chain.whole:
        raise _fault(faults)
    policy = _read(sheets, content_hash(files), chain.packs, missing)
    for sheet in sheets.values():
        sheet.finish()
    if faults:
        raise _fault(faults)
    return policy


def open_sheets(
    files: Mapping[str, str], faults: list[Fault], missing: list[str]
) -> tuple[Chain, Mapping[str, Sheet]]:
    """The chain that the files make and its merged tables by file name; what is amiss is noted in `faults`.

    No table is opened where the chain does not hold. The worked cases are those of the pack itself: what held above
    need not hold below.
    """
    chain = follow(files, faults)
    if not chain.whole:
        return chain, {}
    head = chain.pages.get((chain.leaf, HEAD))
    lacks = missing if head is not None and head.document.get("abstract") is True else None
    sheets = {name: Sheet(name, chain, faults, lacks) for name in REQUIRED}
    sheets |= {name: Sheet(name, chain, faults) for name in EXTRA if chain.of(name)}
    for name in OPTIONAL:
        if (chain.leaf, name) in chain.pages:
            sheets[name] = Sheet(name, replace(chain, packs=chain.packs[:1]), faults)
    for pack, file in chain.pages:
        known = (*REQUIRED, *EXTRA, *OPTIONAL)
        if file not in known:
            path = chain.pages[pack, file].path
            words = f"不认识这个文件{nearest(file, known)}"
            faults.append(Fault(path, 0, words, "请检查文件名，或把它移走"))
    return chain, sheets


def _read(sheets: Mapping[str, Sheet], digest: str, chain: tuple[str, ...], missing: Sequence[str]) -> Policy:
    settings = read_settings(sheets["pack.toml"])
    areas = read_areas(sheets["areas.toml"])
    known_areas = sheets["areas.toml"].known(areas)
    departments = read_departments(sheets["departments.toml"], known_areas)
    units = None if sheets["departments.toml"].broken else departments
    categories = read_categories(sheets["catalogue.toml"], units)
    filed = sheets["catalogue.toml"].known(categories)
    known = {"areas": known_areas, "categories": filed, "departments": units}
    occasions, known["occasions"] = _occasions(sheets, units, filed)
    routing = read_routing(sheets["routing.toml"], units, known)
    check_reach(routing, areas, categories)
    if not sheets["routing.toml"].broken:
        check_catalogue(sheets["catalogue.toml"], categories, routing)
    _check_region(sheets["pack.toml"], settings, areas)
    receivers = read_receivers(sheets["ladder.toml"])
    limits = read_limits(sheets["limits.toml"], filed)
    refusals = read_refusals(sheets["acceptance.toml"])
    known["limits"] = sheets["limits.toml"].known({row.id for row in limits})
    known["refusals"] = sheets["acceptance.toml"].known({rule.code for rule in refusals})
    return Policy(
        **{each.name: getattr(settings, each.name) for each in fields(settings)},
        hash=digest,
        chain=chain,
        hours=read_hours(sheets.get("hours.toml")),
        departments=MappingProxyType(departments),
        areas=MappingProxyType(areas),
        categories=MappingProxyType(categories),
        channels=MappingProxyType(read_channels(sheets["channels.toml"])),
        receivers=MappingProxyType(receivers),
        routing=tuple(rule for _, rule in routing),
        limits=limits,
        ladder=read_ladder(sheets["ladder.toml"], receivers),
        levels=read_levels(sheets["ladder.toml"], receivers),
        counting=read_counting(sheets["ladder.toml"]),
        digest=read_digest(sheets["ladder.toml"], receivers),
        invalid=read_invalid(sheets["acceptance.toml"]),
        incomplete=read_incomplete(sheets["acceptance.toml"]),
        card=read_card(sheets["acceptance.toml"]),
        **read_returns(sheets["returns.toml"]),
        rectification=read_rectification(sheets["ladder.toml"]),
        **read_figures(sheets.get("indicators.toml")),
        emergencies=read_emergencies(sheets["acceptance.toml"]),
        refusals=refusals,
        occasions=occasions,
        labels=MappingProxyType(_labels(departments)),
        cases=read_cases(sheets["cases.toml"], known) if "cases.toml" in sheets else (),
        missing=tuple(missing),  # last: the readers above fill it
    )


def _occasions(
    sheets: Mapping[str, Sheet],
    departments: Mapping[str, Department] | None,
    categories: Collection[str] | None,
) -> tuple[Occasions, Collection[str] | None]:
    """occasions.toml with the codes that a ticket may keep of it; None for those where it cannot be read."""
    sheet = sheets.get("occasions.toml")
    if sheet is None:
        return Occasions(), ()
    found = read_occasions(sheet, departments, categories)
    return found, sheet.known({*found.sessions, *found.campaigns, *found.counters})


def _check_region(sheet: Sheet, settings: Settings, areas: Mapping[str, Area]) -> None:
    if areas and settings.area_code and settings.area_code not in areas:
        words = f"areas.toml 里没有 area_code“{settings.area_code}”"
        sheet.fault("", 0, "area_code", words, "请改正 area_code，或把它写进 areas.toml")


def _labels(departments: Mapping[str, Department]) -> dict[str, str]:
    labels: dict[str, str] = {}
    for each in departments.values():
        for word in (each.code, each.name, *each.aliases):
            labels.setdefault(plain(word), each.code)
    for each in departments.values():
        for code in each.succeeds:  # last: a word of a present department never means a former one
            labels.setdefault(plain(code), each.code)
    return labels


def _fault(faults: list[Fault]) -> PackFault:
    found = sorted(set(faults))
    lines = [str(fault) for fault in found]
    detail = lines[0] if len(lines) == 1 else f"规则包有 {len(lines)} 处错误：\n" + "\n".join(lines)
    told = [fault.as_dict() for fault in found]
    return PackFault(detail, hint="请按文件和行号改正后重新载入。", faults=lines, details=told)

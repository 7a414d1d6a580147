"""Checks of printed figures (核对印出的数), those of others and our own: sums, and what a percentage is a share of.

A printed percentage with its numerator is held against named denominators and both roundings; what fits is said, and
where nothing fits, which denominators would. So a hidden denominator and a truncation are found, not guessed.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from reports.rate import MOST_DIGITS, Rounding, percent
from rules.errors import BadInput

Figure = int | Decimal

_PERCENT = re.compile(r"\s*(?P<whole>\d+)(?:\.(?P<digits>\d+))?\s*[%％]?\s*", re.ASCII)
#: More parts than this are counted in words, not listed.
_LISTED = 8


@dataclass(frozen=True, slots=True)
class Check:
    """A printed total (`left`) beside the sum of its parts (`right`), 勾稽关系.

    `slack` is what rounding of the printed parts can explain; 0 for counts.
    """

    name: str
    left: Figure
    parts: tuple[Figure, ...]
    slack: Decimal = Decimal(0)

    @property
    def right(self) -> Figure:
        """The sum of the parts, exact."""
        return sum(self.parts)

    @property
    def difference(self) -> Figure:
        """How much more the parts are than the total; negative when some are missing."""
        return self.right - self.left

    @property
    def ok(self) -> bool:
        """Whether the total and its parts agree."""
        return -self.slack <= self.difference <= self.slack

    @property
    def words(self) -> str:
        """One Chinese sentence: that it adds up, or by how much it does not."""
        terms = (
            " + ".join(map(str, self.parts)) if 0 < len(self.parts) <= _LISTED else f"{len(self.parts)}项之和"
        )
        if self.difference == 0:
            return f"{self.name}：{self.left} = {terms}，相符。"
        way = "多" if self.difference > 0 else "少"
        found = f"各项之和{self.right}，比合计{self.left}{way}{abs(self.difference)}"
        if self.ok:
            return f"{self.name}：{found}，不超过各项进位所能造成的{self.slack}，相符。"
        return f"{self.name}：{found}（{terms}），不符。"

    def as_dict(self) -> dict[str, object]:
        """The wire shape of a report."""
        return {"name": self.name, "left": _wire(self.left), "right": _wire(self.right), "ok": self.ok}


@dataclass(frozen=True, slots=True)
class Fit:
    """A denominator that was tried, and the roundings by which it gives the printed number; none if it does not."""

    name: str
    denominator: int
    roundings: tuple[Rounding, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a printed percentage may be a share of (分母、进位核对); `tried` keeps the order in which it was asked."""

    printed: str
    numerator: int
    tried: tuple[Fit, ...]

    @property
    def fits(self) -> tuple[Fit, ...]:
        """Those that give the printed number by some rounding."""
        return tuple(each for each in self.tried if each.roundings)

    @property
    def words(self) -> str:
        """One Chinese sentence: the denominator and rounding, that several fit, or that none does and what would."""
        head = f"印的是{self.printed}，分子{self.numerator}："
        found = "；".join(map(self._said, self.fits))
        if not self.fits:
            missed = "；".join(map(self._missed, self.tried))
            return f"{head}所给分母都得不出（{missed}）。{self._wanted()}"
        if len(self.fits) > 1:
            return f"{head}分母不明，{len(self.fits)}个都得出：{found}。"
        return f"{head}分母是{found}。"

    def _rounded(self, tried: Fit) -> Decimal | None:
        if tried.denominator < self.numerator:
            return None
        return percent(self.numerator, tried.denominator, Rounding.HALF_UP, _read(self.printed)[1])

    def _said(self, fit: Fit) -> str:
        how = "或".join(each.words for each in fit.roundings)
        if fit.roundings == (Rounding.TRUNCATE,):
            how += f"，四舍五入应为{self._rounded(fit)}%"
        if (
            self.numerator < fit.denominator
            and self._rounded(fit) == 100
            and Rounding.HALF_UP in fit.roundings
        ):
            how += f"，并非全部，差{fit.denominator - self.numerator}"
        return f"{fit.name}{fit.denominator}（{how}）"

    def _missed(self, tried: Fit) -> str:
        right = self._rounded(tried)
        why = "不能作分母" if right is None else f"应为{right}%"
        return f"{tried.name}{tried.denominator}{why}"

    def _wanted(self) -> str:
        if _read(self.printed)[0] == 0:
            return ""  # any denominator that is large enough
        ranges = {each: denominators(self.printed, self.numerator, each) for each in Rounding}
        return "".join(f"{each.words}{_span(found)}。" for each, found in ranges.items())


@dataclass(frozen=True, slots=True)
class Share:
    """One printed line of a table of shares (构成比): its name, the percentage as printed, and its count."""

    name: str
    printed: str
    numerator: int


@dataclass(frozen=True, slots=True)
class Hidden:
    """The denominators by which all printed shares of a table come true together (隐藏的分母), for each rounding."""

    shares: tuple[Share, ...]
    ranges: Mapping[Rounding, range]

    @property
    def words(self) -> str:
        """One Chinese sentence for each rounding."""
        said = "；".join(f"{each.words}{_span(found)}" for each, found in self.ranges.items())
        return f"{len(self.shares)}个构成比同时成立：{said}。"


def adds_up(name: str, total: Figure, parts: Sequence[Figure]) -> Check:
    """A printed total against its parts. Figures are int or Decimal (万件), never float: ValueError."""
    for each in (total, *parts):
        if type(each) not in (int, Decimal):
            raise ValueError(f"{name}: {each!r} is neither a whole number nor a Decimal")
    return Check(name, total, tuple(parts))


def shares_add_up(name: str, printed: Sequence[str]) -> Check:
    """Printed shares against 100, leaving each half a unit of its last digit, which is what rounding may take or add.

    Raises BadInput for what is no percentage.
    """
    read = [_read(each) for each in printed]
    slack = sum((Decimal((0, (5,), -digits - 1)) for _, digits in read), Decimal(0))
    return Check(name, Decimal(100), tuple(_value(*each) for each in read), slack)


def explain(printed: str, numerator: int, candidates: Mapping[str, int]) -> Explanation:
    """Which of the named denominators, by which rounding, gives the printed percentage of `numerator`.

    `printed` is the number as it stands there, with its digits (`99.28` or `99.28%`): they say how it was rounded.
    Raises BadInput for what is no percentage, ValueError for counts that are negative or not whole.
    """
    units, digits = _read(printed)
    _counts(numerator, *candidates.values())
    value = _value(units, digits)

    def fit(name: str, denominator: int) -> Fit:
        possible = numerator <= denominator
        ways = [
            each for each in Rounding if possible and percent(numerator, denominator, each, digits) == value
        ]
        return Fit(name, denominator, tuple(ways))

    tried = tuple(fit(name, denominator) for name, denominator in candidates.items())
    return Explanation(_plain(printed), numerator, tried)


def hidden_denominator(shares: Sequence[Share]) -> Hidden:
    """The denominators that explain every printed share of one table at once; an empty range when none does.

    Raises BadInput for what is no percentage, for a printed 0 (any large denominator gives it) and for no share.
    """
    if not shares:
        raise BadInput("没有构成比，无法反推分母。")
    found = {}
    for rounding in Rounding:
        ranges = [denominators(each.printed, each.numerator, rounding) for each in shares]
        start = max(each.start for each in ranges)
        found[rounding] = range(start, max(start, min(each.stop for each in ranges)))
    return Hidden(tuple(shares), found)


def denominators(printed: str, numerator: int, rounding: Rounding) -> range:
    """All denominators by which `numerator` prints as `printed`, none below the numerator.

    Raises BadInput for what is no percentage and for a printed 0, ValueError for a bad count.
    """
    low, high, scale = _bounds(printed, rounding)
    _counts(numerator)
    if low <= 0:
        raise BadInput(f"印的是{_plain(printed)}，任何足够大的分母都得出，无法反推。")
    # low <= scale * numerator / denominator < high
    smallest = max(scale * numerator // high + 1, numerator)
    return range(smallest, max(scale * numerator // low + 1, smallest))


def numerators(printed: str, denominator: int, rounding: Rounding) -> range:
    """All counts out of `denominator` that print as `printed`. Raises BadInput or ValueError like `denominators`."""
    low, high, scale = _bounds(printed, rounding)
    _counts(denominator)
    first, end = (-(-edge * denominator // scale) for edge in (max(low, 0), high))
    return range(first, max(first, min(end, denominator + 1)))


def _bounds(printed: str, rounding: Rounding) -> tuple[int, int, int]:
    """(low, high, scale): the share times `scale` lies in low <= x < high; in half units, so that all are whole."""
    units, digits = _read(printed)
    low = 2 * units - (Rounding(rounding) is Rounding.HALF_UP)
    return low, low + 2, 200 * 10**digits


def _read(printed: str) -> tuple[int, int]:
    """(the digits as one whole number, how many of them are decimals) of a percentage as printed."""
    found = _PERCENT.fullmatch(printed)
    decimals = (found["digits"] or "") if found else ""
    if found is None or len(decimals) > MOST_DIGITS:
        raise BadInput(f"百分比应写成 99.28 或 99.28%，小数不超过{MOST_DIGITS}位，写的是“{printed}”。")
    return int(found["whole"] + decimals), len(decimals)


def _value(units: int, digits: int) -> Decimal:
    return Decimal(f"{units}E-{digits}")


def _plain(printed: str) -> str:
    return printed.strip().rstrip("%％").rstrip() + "%"


def _counts(*counts: int) -> None:
    for each in counts:
        if type(each) is not int or each < 0:
            raise ValueError(f"a count is a whole number from 0, not {each!r}")


def _span(found: range) -> str:
    if not found:
        return "没有一个分母能得出"
    if len(found) == 1:
        return f"分母只能是{found.start}"
    return f"分母须在{found.start}至{found.stop - 1}之间"


def _wire(figure: Figure) -> int | str:
    return str(figure) if isinstance(figure, Decimal) else figure

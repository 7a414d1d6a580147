"""Rates (率、构成比、均值、增减): whole numbers in, a Decimal and its words out, never a float.

A figure keeps its numerator, denominator, definition, rounding and the instant it was counted, so that nobody has to
guess later what 98% was a share of. Rounding is 四舍五入 (half away from zero) or 截断 (digits cut off); public
reports use both, often without saying so, and a pack says which one is its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

#: Decimals a percentage may have; more would pretend to know what counts cannot tell.
MOST_DIGITS = 4


class Rounding(StrEnum):
    """How a figure gets its last digit (进位方式)."""

    HALF_UP = "half_up"
    TRUNCATE = "truncate"

    @property
    def words(self) -> str:
        """The Chinese name."""
        return "四舍五入" if self is Rounding.HALF_UP else "截断"


@dataclass(frozen=True, slots=True)
class Definition:
    """What a rate means (指标口径): which measure over which, and how it is rounded.

    `numerator` and `denominator` are codes of measures, `formula` says in Chinese what is divided by what, `source`
    where the city has it from; `good` is the better way: high, low or none. Raises ValueError for digits outside
    0..4, a rounding that is no Rounding, or another `good`.
    """

    code: str
    name: str
    numerator: str
    denominator: str
    formula: str
    source: str
    rounding: Rounding = Rounding.HALF_UP
    digits: int = 2
    good: str = "high"

    def __post_init__(self) -> None:
        _digits(self.digits)
        if not isinstance(self.rounding, Rounding):
            raise ValueError(f"{self.code}: {self.rounding!r} is not a Rounding")
        if self.good not in ("high", "low", "none"):
            raise ValueError(f"{self.code}: good is high, low or none, not {self.good!r}")


@dataclass(frozen=True, slots=True)
class Rate:
    """One figure with all that it rests on (率); it has no value as a float on purpose.

    Raises ValueError for counts that are not whole, negative, or more than their denominator, and a naive `as_of`.
    """

    definition: Definition
    numerator: int
    denominator: int
    as_of: datetime

    def __post_init__(self) -> None:
        _part(self.numerator, self.denominator)
        if self.as_of.tzinfo is None:
            raise ValueError(f"{self.definition.code}: as_of must be aware")

    @property
    def percent(self) -> Decimal | None:
        """Rounded as defined; None when there was nothing to count."""
        return percent(self.numerator, self.denominator, self.definition.rounding, self.definition.digits)

    @property
    def words(self) -> str:
        """`99.33%（597/601）`, or `–` for an empty denominator.

        Rounding may reach 100 or 0 where something is missing or left; that is not said: such a figure reads
        `大于99.99%（99999/100000）` or `小于0.01%（1/100000）`.
        """
        value = self.percent
        if value is None:
            return "–"
        step = Decimal((0, (1,), -self.definition.digits))
        said = f"{value}%"
        if value == 100 and self.numerator < self.denominator:
            said = f"大于{100 - step}%"
        elif value == 0 and self.numerator:
            said = f"小于{step}%"
        return f"{said}（{self.numerator}/{self.denominator}）"

    def as_dict(self) -> dict[str, Any]:
        """The wire shape of a report; `percent` is a string so that no reader makes a float of it."""
        value, meant = self.percent, self.definition
        return {
            "code": meant.code,
            "name": meant.name,
            "numerator": self.numerator,
            "denominator": self.denominator,
            "percent": None if value is None else str(value),
            "words": self.words,
            "definition": meant.formula,
            "source": meant.source,
            "rounding": meant.rounding.value,
            "digits": meant.digits,
            "as_of": self.as_of.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Change:
    """A count against the same count of the period before (增减).

    Counts may be negative (在办增减 is); only a positive `before` can be grown from. Raises ValueError for what is no
    whole number.
    """

    before: int
    now: int
    rounding: Rounding = Rounding.HALF_UP
    digits: int = 2

    def __post_init__(self) -> None:
        _whole(self.before, self.now)
        _digits(self.digits)

    @property
    def difference(self) -> int:
        """What came on top; negative for a fall."""
        return self.now - self.before

    @property
    def percent(self) -> Decimal | None:
        """The difference in percent of `before`, rounded away from zero or cut; None when nothing was before."""
        if self.before <= 0:
            return None
        return _divide(100 * self.difference, self.before, self.rounding, self.digits)

    @property
    def words(self) -> str:
        """`+12.40%（+8）`; `–（上期为0）` where there is nothing to compare with."""
        value = self.percent
        if value is None:
            return f"–（上期为{self.before}）"
        return f"{_signed(value)}%（{_signed(self.difference)}）"

    def as_dict(self) -> dict[str, Any]:
        """The wire shape of a report."""
        value = self.percent
        return {
            "before": self.before,
            "now": self.now,
            "difference": self.difference,
            "percent": None if value is None else str(value),
            "words": self.words,
        }


def percent(numerator: int, denominator: int, rounding: Rounding, digits: int) -> Decimal | None:
    """100 × numerator ÷ denominator with `digits` decimals (0..4), or None for an empty denominator.

    Raises ValueError for what is no share of a whole: floats, bools, negative counts, a numerator above its
    denominator, other digits; these are our own mistakes, not a caller's.
    """
    _part(numerator, denominator)
    _digits(digits)
    return _divide(100 * numerator, denominator, rounding, digits) if denominator else None


def shares(parts: Mapping[str, int], rounding: Rounding, digits: int) -> dict[str, Decimal | None]:
    """Each part in percent of the sum of all parts (构成比): the denominator is always what is shown, never another.

    Each share is rounded by itself, so printed shares may add up to 99.99 or 100.01; none is bent to fit.
    """
    _whole(*parts.values())
    whole = sum(parts.values())
    return {name: percent(part, whole, rounding, digits) for name, part in parts.items()}


def mean(total: int, days: int, rounding: Rounding = Rounding.HALF_UP, digits: int = 0) -> Decimal:
    """A count for each of `days` days (日均). Raises ValueError for a negative count or no day."""
    _whole(total, days)
    _digits(digits)
    if total < 0 or days < 1:
        raise ValueError(f"a mean of {total} over {days} days")
    return _divide(total, days, rounding, digits)


def _divide(numerator: int, denominator: int, rounding: Rounding, digits: int) -> Decimal:
    # built from its digits: the precision of whoever calls (decimal's context) must not touch a figure
    whole, rest = divmod(abs(numerator) * 10**digits, denominator)
    if Rounding(rounding) is Rounding.HALF_UP and 2 * rest >= denominator:
        whole += 1
    minus = numerator < 0 and whole > 0
    return Decimal((int(minus), tuple(map(int, str(whole))), -digits))


def _signed(number: Decimal | int) -> str:
    return f"{number:+}" if number else str(number)


def _whole(*counts: object) -> None:
    for count in counts:
        if type(count) is not int:
            raise ValueError(f"a count is a whole number, not {count!r}")


def _part(numerator: int, denominator: int) -> None:
    _whole(numerator, denominator)
    if not 0 <= numerator <= denominator:
        raise ValueError(f"{numerator}/{denominator} is no part of a whole")


def _digits(digits: int) -> None:
    if type(digits) is not int or not 0 <= digits <= MOST_DIGITS:
        raise ValueError(f"a percentage has 0 to {MOST_DIGITS} digits, not {digits!r}")

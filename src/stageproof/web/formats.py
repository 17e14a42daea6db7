"""Formats: money, days, instants, ages and icons as templates show them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import lru_cache
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.template.context import Context
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString, mark_safe

from stageproof.charts.wording import opened
from stageproof.charts.wording import period_text as wording_of_period
from stageproof.engine.counted import count_text
from stageproof.engine.money import Money
from stageproof.engine.proof import field_label
from stageproof.records.models import Person
from stageproof.web.icons import ICONS

register = template.Library()
_DRAWN = {
    name: format_html(
        '<svg class="icon" width="16" height="16" aria-hidden="true"><use href="#i-{}"/></svg>', name
    )
    for name in ICONS
}
_SYMBOLS = "".join(
    f'<symbol id="i-{name}" viewBox="0 0 16 16">{drawing}</symbol>' for name, drawing in ICONS.items()
)
_SPRITE = format_html(
    '<svg class="sprite" width="0" height="0" aria-hidden="true">{}</svg>',
    mark_safe(_SYMBOLS),  # noqa: S308
)
NOTHING = mark_safe('<span class="nothing">–<span class="heard">none</span></span>')


@register.simple_tag
def money(amount: int | None, currency: str, form: str = "short") -> SafeString:
    """The amount `short` or `exact`, `bare` and `plain` without the unit; the exact one on hover and when read out."""
    if amount is None:
        return NOTHING
    worth = Money(amount, currency)
    exact = worth.exact()
    shown = exact if form in ("exact", "plain") else worth.short()
    if form in ("plain", "bare"):
        shown = shown.rsplit(" ", 1)[0]
    return mark_safe(  # noqa: S308 (digits and the code of a currency)
        f'<span class="money" title="{exact}"><span aria-hidden="true">{shown}</span>'
        f'<span class="heard">{exact}</span></span>'
    )


@register.simple_tag(takes_context=True)
def day(context: Context, value: dt.date | None) -> SafeString:
    """The day as people say it, with its year where that is not the present one."""
    if value is None:
        return NOTHING
    return _day(value, context.get("today"))


@lru_cache(maxsize=10_000)
def _day(value: dt.date, today: dt.date | None) -> SafeString:
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), day_text(value, today))


@register.simple_tag(takes_context=True)
def instant(context: Context, value: dt.datetime | None) -> SafeString:
    """The day of an instant in the organisation's zone, the exact one on hover."""
    if value is None:
        return NOTHING
    local = value.astimezone(ZoneInfo(context.get("zone") or "UTC"))
    exact = f"{local:%Y-%m-%d %H:%M:%S %Z}"
    text = f"{day_text(local.date(), context.get('today'))}, {local:%H:%M}"
    return format_html('<time datetime="{}" title="{}">{}</time>', value.isoformat(), exact, text)


@register.simple_tag(takes_context=True)
def who(context: Context, actor: str) -> SafeString:
    """Whoever did something, by name; the address under which it is recorded on hover."""
    request = context["request"]
    if not hasattr(request, "people_named"):
        request.people_named = dict(Person.objects.values_list("email", "name"))
    name = request.people_named.get(actor, "")
    return format_html('<span title="{}">{}</span>', actor, name) if name else format_html("{}", actor)


def day_text(value: dt.date, today: dt.date | None) -> str:
    """A day in words: "Tue 14 Oct", or "1 Feb 2027" where the year is not today's or today is not known."""
    if today is not None and value.year == today.year:
        return f"{value:%a} {value.day} {value:%b}"
    return f"{value.day} {value:%b %Y}"


@register.filter
def period_text(name: str) -> str:
    """The name of a period as people say it: "Dec 2026" for 2026-12."""
    return wording_of_period(name)


@register.filter
def category(name: str | None) -> str:
    """A forecast category as people write it: "Best case"."""
    return opened(name or "")


def fact_text(name: str, value: Any, today: dt.date | None) -> str:
    """A fact of a deal in words, whichever it is: days as people say them, categories with their capital."""
    if isinstance(value, dt.date):
        return day_text(value, today)
    return category(value) if name == "forecast_category" else str(value)


@register.filter
def age(days: int | None) -> str:
    """A number of days as an age: "12 d"."""
    return "–" if days is None else f"{days:,} d"


@register.filter
def times(ratio: float | None) -> str:
    """A ratio as a multiple: "2.4 ×"."""
    return "–" if ratio is None else f"{ratio:.1f} ×"


@register.filter
def spaced(number: int) -> str:
    """A number with its thousands set apart: "12,500"."""
    return f"{number or 0:,}"


@register.filter
def unlocalised(number: float) -> str:
    """A number as attributes of a page need it: "0.35"."""
    return f"{number:.3f}"


@register.filter
def fact(name: str) -> str:
    """The name of a deal's fact as people say it."""
    return field_label(name)


@register.filter
def moment_text(text: str) -> str:
    """An instant given as text, as "2025-10-14 09:30 UTC"."""
    return f"{dt.datetime.fromisoformat(text).astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"


@register.filter
def words(name: str | None) -> str:
    """A name from a table as people say it."""
    return (name or "").replace("_", " ")


@register.filter
def words_of(text: str) -> list[str]:
    """The words of a text, to go through."""
    return text.split()


@register.filter
def named_pairs(text: str) -> list[list[str]]:
    """Pairs to go through, from "name:Label|name:Label"."""
    return [each.split(":") for each in text.split("|")]


@register.filter
def sentence_case(text: str | None) -> str:
    """The text with a capital first letter."""
    return (text or "")[:1].upper() + (text or "")[1:]


@register.filter
def options(choices: Iterable[Any]) -> SafeString:
    """Choices as the options of a field: each has its value, its label, and whether it is chosen."""
    return mark_safe(  # noqa: S308 (each part is escaped)
        "".join(
            f'<option value="{escape(each.value)}"{" selected" if each.chosen else ""}>{escape(each.label)}</option>'
            for each in choices
        )
    )


@register.filter
def get(mapping: Any, key: Any) -> Any:
    """What a mapping holds under a key; None where it holds nothing."""
    return mapping.get(key) if mapping else None


@register.filter
def grouped(number: int) -> str:
    """A number with its thousands apart: "5,052"."""
    return f"{number:,}"


@register.filter
def counted(number: int, noun: str) -> str:
    """A number with its noun: "1 deal", "1,200 deals"; "party,parties" where the plural is not regular."""
    return count_text(number, noun)


@register.simple_tag
def icon(name: str) -> SafeString:
    """A drawn icon that takes the colour and size of its text; silent to readers."""
    return _DRAWN[name]


@register.simple_tag
def sprite() -> SafeString:
    """Every icon's drawing once, for the page's icons to refer to."""
    return _SPRITE


@register.simple_tag(takes_context=True)
def query(context: Context, **changes: Any) -> str:
    """The page's query string with some parameters changed; an empty one is left out."""
    given = context["request"].GET.copy()
    for name, value in changes.items():
        given.setlist(name, [] if value in (None, "") else [str(value)])
    pairs = [(name, value) for name in given for value in given.getlist(name) if value != ""]
    return f"?{urlencode(pairs)}" if pairs else "?"

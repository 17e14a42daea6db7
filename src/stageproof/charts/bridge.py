"""The bridge as a waterfall: opening, what came and went, closing; of all, or a small one per group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from stageproof.charts.render import Drawing, Picture, drawing
from stageproof.charts.waterfall import waterfall, waterfalls
from stageproof.charts.wording import short_text

Group: TypeAlias = tuple[str, Sequence[Mapping[str, Any]]]
"""A group by its name, with the lines of its bridge."""

SHOWN = 9
"""How many groups have a bridge of their own at most; of the others the page tells what they come to together."""
_ENDS = ("opening", "closing")


def bridge_chart(
    lines: Sequence[Mapping[str, Any]],
    *,
    measure: str,
    currency: str,
    of: str = "pipeline",
    name: str = "bridge",
) -> Drawing:
    """A bar per line that moved anything, from opening to closing; `lines` have `line` and signed `amount`.

    Amounts are minor units, `of` is what they are of. A line may have an `href` that its bar leads to.
    """
    steps = _steps(lines, currency)

    def chart(is_narrow: bool) -> Picture:
        return waterfall(steps, is_narrow)

    return drawing(
        name,
        finding=_finding(steps, currency, of),
        measure=measure,
        description="; ".join(f"{step['name']}: {step['text']}" for step in steps) + ".",
        chart=chart,
    )


def bridges_chart(
    groups: Sequence[Group],
    *,
    measure: str,
    currency: str,
    by: str,
    name: str = "bridges",
) -> Drawing | None:
    """A small bridge per group on one scale, in the order given; nothing where there is no group.

    `largest` says which of many.
    """
    if not groups:
        return None
    steps = {each: _steps(lines, currency) for each, lines in groups}
    order = list(dict.fromkeys(line["line"] for _, lines in groups for line in lines))
    bars = [{**step, "group": each} for each, found in steps.items() for step in found]
    bars.sort(key=lambda bar: order.index(bar["line"]))

    def chart(is_narrow: bool) -> Picture:
        return waterfalls(bars, list(steps), is_narrow)

    told = (f"{each}: {', '.join(_words(step) for step in found)}" for each, found in steps.items())
    return drawing(
        name, finding=_widest(steps, currency, by), measure=measure, description=f"{'; '.join(told)}.", chart=chart
    )  # fmt: skip


def largest(groups: Sequence[Group]) -> tuple[list[Group], list[Group]]:
    """The groups with a bridge of their own, those that held the most first, and all others that hold anything."""
    ranked = sorted(groups, key=lambda group: (-_size(group[1]), group[0]))
    held = [group for group in ranked if _size(group[1])]
    return held[:SHOWN], held[SHOWN:]


def _size(lines: Sequence[Mapping[str, Any]]) -> int:
    """The most that a group held, or moved where it held nothing."""
    return max((abs(line["amount"]) for line in lines), default=0)


def _words(step: Mapping[str, Any]) -> str:
    return f"{step['name'].lower()} {step['text']}"


def _widest(steps: Mapping[str, Sequence[Mapping[str, Any]]], currency: str, by: str) -> str:
    """Whose pipeline moved the most from end to end."""
    moved = {
        each: sum(step["amount"] for step in found if step["kind"] != "end") for each, found in steps.items()
    }
    most = max(moved, key=lambda each: abs(moved[each]))
    if not moved[most]:
        return f"No {by}'s pipeline is larger or smaller than it was"
    way = "grew" if moved[most] > 0 else "shrank"
    return f"{most} {way} the most, by {short_text(abs(moved[most]), currency)}"


def _steps(lines: Sequence[Mapping[str, Any]], currency: str) -> list[dict[str, Any]]:
    """One per bar: where it starts and ends; the running total carries from each to the next."""
    steps: list[dict[str, Any]] = []
    total = 0
    for line in lines:
        name, amount = line["line"], line["amount"]
        if name in _ENDS:
            start, end, kind, total = 0, amount, "end", amount
        elif amount:
            start, end, kind = total, total + amount, "up" if amount > 0 else "down"
            total = end
        else:
            continue
        sign = "+" if kind == "up" else ""
        text = f"{sign}{short_text(amount, currency)}"
        steps.append({"line": name, "name": name.replace("_", " ").capitalize(), "start": start, "end": end, "kind": kind,
                      "text": text, "right": max(start, end), "amount": amount,
                      **({"href": line["href"]} if "href" in line else {})})  # fmt: skip
    return steps


def _finding(steps: Sequence[Mapping[str, Any]], currency: str, of: str) -> str:
    moves = [step for step in steps if step["kind"] != "end"]
    if not moves:
        return "Nothing moved"
    most = max(moves, key=lambda step: abs(step["amount"]))
    opening, closing = steps[0]["amount"], steps[-1]["amount"]
    way = "grew" if closing > opening else "shrank" if closing < opening else "stayed level"
    return (
        f"The {of} {way} from {short_text(opening, currency)} to {short_text(closing, currency)}; "
        f"the largest move was {most['name'].lower()}, {most['text']}"
    )

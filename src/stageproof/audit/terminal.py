"""The audit in the terminal: the answer first, then what it rests on; readable at 80 columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from stageproof.audit.audit import Audit
from stageproof.audit.headline import headline
from stageproof.engine.counted import count_text
from stageproof.engine.hygiene.monday import TITLES
from stageproof.engine.money import Money
from stageproof.engine.qualification import QUALIFICATIONS

SHOWN = 10
BLANK = "(blank)"
UNKNOWN = "–"


def show(audit: Audit, console: Console) -> None:
    """Writes the audit to the console, section by section."""
    first, *more = headline(audit)
    console.print()
    console.print(Text(first, style="bold"))
    for sentence in more:
        console.print(sentence, markup=False, highlight=False)
    console.print()
    console.print(_figures(audit))
    if audit.by_stage.height:
        _section(console, "Stages", _stages(audit))
    _section(console, "Monday's four checks", _checks(audit))
    for note in audit.monday.unchecked:
        console.print(Padding(Text(f"Not checked: {note}", style="dim"), (0, 0, 0, 2)))
    _section(console, "Owners", _breakdown(audit, audit.by_owner, "owner"))
    _rest(console, audit.by_owner, "owners")
    if audit.by_source["source"].drop_nulls().len():
        _section(console, "Sources", _breakdown(audit, audit.by_source, "source"))
        _rest(console, audit.by_source, "sources")
    _problems(console, audit)


def short(audit: Audit, amount: int | None) -> str:
    """An amount without its currency, which the head of the table names."""
    if amount is None:
        return UNKNOWN
    return Money(amount, audit.pipeline.currency).short().rsplit(" ", 1)[0]


def percent(ratio: float | None) -> str:
    """A ratio as a percentage with one decimal."""
    return UNKNOWN if ratio is None else f"{ratio * 100:.1f}%"


def times(ratio: float | None) -> str:
    """A coverage ratio, as in 3.3x."""
    return UNKNOWN if ratio is None else f"{ratio:.2f}x"


def days(value: float | None) -> str:
    """A number of days."""
    return UNKNOWN if value is None else f"{value:,.0f} d"


def _section(console: Console, title: str, table: Table) -> None:
    console.print()
    console.print(Text(title, style="bold"))
    console.print(table)


def _table(*columns: tuple[str, str]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name, align in columns:
        table.add_column(name, justify="right" if align == "right" else "left", overflow="fold")
    return table


def _figures(audit: Audit) -> Table:
    table = _table(("", "left"), ("deals", "right"), (audit.pipeline.currency, "right"))
    _amounts(table, audit, audit.open, ("open", *QUALIFICATIONS))
    table.add_row("won", f"{audit.bookings['won_count']:,}", short(audit, audit.bookings["won_amount"]))
    table.add_row("lost", f"{audit.bookings['lost_count']:,}", short(audit, audit.bookings["lost_amount"]))
    ratios = Table.grid(padding=(0, 2, 0, 0))
    ratios.add_column()
    ratios.add_column(justify="right")
    for name, value in _ratios(audit):
        ratios.add_row(Text(name), Text(value))
    both = Table.grid(padding=(0, 5, 0, 0))
    both.add_row(table, ratios)
    return both


def _ratios(audit: Audit) -> list[tuple[str, str]]:
    found = [
        ("win rate by count", percent(audit.win_rate["by_count"])),
        ("win rate by amount", percent(audit.win_rate["by_amount"])),
        ("average deal size", short(audit, audit.average_deal_size)),
        (
            "cycle, mean / median",
            f"{days(audit.cycle_length['mean'])} / {days(audit.cycle_length['median'])}",
        ),
        ("velocity per day", short(audit, audit.velocity_per_day)),
        ("coverage needed", times(audit.coverage["needed"])),
    ]
    if audit.period is None:
        return found
    return [
        *found,
        (f"target {audit.period.name}", short(audit, audit.coverage["target"])),
        ("coverage, nominal", times(audit.coverage["nominal"])),
        ("coverage, qualified", times(audit.coverage["qualified"])),
        ("coverage, remaining", times(audit.coverage["remaining"])),
    ]


def _amounts(table: Table, audit: Audit, row: Mapping[str, Any], names: Sequence[str]) -> None:
    for name in names:
        style = {"open": "bold", "qualified": "green", "unqualified": "red"}.get(name, "")
        label = name if name == "open" else f"  {name}"
        amount = short(audit, row[f"{name}_amount"])
        table.add_row(Text(label, style=style), f"{row[f'{name}_count']:,}", amount)


def _stages(audit: Audit) -> Table:
    table = _table(
        ("stage", "left"), ("deals", "right"), (audit.pipeline.currency, "right"), ("qualified", "right"),
        ("median age", "right"), ("oldest", "right"), ("norm", "right"),
    )  # fmt: skip
    for row in audit.by_stage.iter_rows(named=True):
        old = row["norm_days"] and row["age_median"] and row["age_median"] > 1.5 * row["norm_days"]
        table.add_row(
            escape(row["stage"] or BLANK),
            f"{row['open_count']:,}",
            short(audit, row["open_amount"]),
            short(audit, row["qualified_amount"]),
            Text(days(row["age_median"]), style="red" if old else ""),
            days(row["age_longest"]),
            days(row["norm_days"]),
        )
    return table


def _checks(audit: Audit) -> Table:
    table = _table(("", "left"), ("deals", "right"), (audit.pipeline.currency, "right"))
    for check, title in TITLES.items():
        counted = audit.monday.by_check(check)
        table.add_row(
            Text(f"{check}. {title}", style="bold"), f"{counted.deals:,}", short(audit, counted.amount)
        )
        for code in audit.monday.by_code(check):
            table.add_row(f"   {escape(code.says)}", f"{code.deals:,}", short(audit, code.amount))
    return table


def _breakdown(audit: Audit, table: pl.DataFrame, key: str) -> Table:
    shown = _table(
        (key, "left"), ("open", "right"), (audit.pipeline.currency, "right"), ("qualified", "right"),
        ("won", "right"), ("won " + audit.pipeline.currency, "right"), ("win rate", "right"),
    )  # fmt: skip
    for row in table.head(SHOWN).iter_rows(named=True):
        shown.add_row(
            escape(row[key] or BLANK),
            f"{row['open_count']:,}",
            short(audit, row["open_amount"]),
            short(audit, row["qualified_amount"]),
            f"{row['won_count']:,}",
            short(audit, row["won_amount"]),
            percent(row["by_count"]),
        )
    return shown


def _rest(console: Console, table: pl.DataFrame, noun: str) -> None:
    if table.height > SHOWN:
        left = table.height - SHOWN
        console.print(
            Padding(Text(f"and {left:,} more {noun}; all of them with --json or --html", "dim"), (0, 0, 0, 2))
        )


def _problems(console: Console, audit: Audit) -> None:
    rows = audit.rows
    console.print()
    if rows:
        counts = (
            f"{count_text(rows['read'], 'row')} read, {rows['taken']:,} taken, {rows['rejected']:,} rejected"
        )
        console.print(Text("Rows", style="bold"))
        console.print(counts + ".", highlight=False)
    if audit.problems:
        console.print()
        console.print(Text("Problems", style="bold"))
        for problem in audit.problems[:SHOWN]:
            console.print(f"- {problem}", markup=False, highlight=False)
        if len(audit.problems) > SHOWN:
            console.print(Text(f"and {len(audit.problems) - SHOWN:,} more; all of them with --json", "dim"))
    if audit.notes:
        console.print()
        console.print(Text("Notes", style="bold"))
        for note in audit.notes:
            console.print(f"- {note}", markup=False, highlight=False)

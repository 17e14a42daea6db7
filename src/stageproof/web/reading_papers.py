"""The papers of the four readings and of the statement that ties them: what each reader comes for, in their order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from stageproof.charts.wording import percent_text, period_text, share_text, short_text
from stageproof.engine.counted import count_text
from stageproof.web.paper import (
    Cell,
    Column,
    Line,
    Paper,
    Row,
    Section,
    Shown,
    Table,
    cell,
    deals_of,
    head_of,
    on_text,
    shown,
    table_of,
)
from stageproof.web.reading_drawings import Draw

READERS = ("sales", "marketing", "finance", "board")
TITLES = {
    "sales": "Sales reading",
    "marketing": "Marketing reading",
    "finance": "Finance reading",
    "board": "Board reading",
    "reconciliation": "Reconciliation",
}
ASKS = {
    "sales": "What is open, what of it is real, and what closes next",
    "marketing": "What each source and campaign brought, from the lead to the win",
    "finance": "What lands in the period, with which probability, and where that leaves it",
    "board": "One number, why it moved, and whether to trust it",
    "reconciliation": "How the four readings tie, line by line",
}
SHOWN = tuple(TITLES)

_PARTS = ("qualified", "waived", "unverifiable", "unqualified")
_CUT = (
    Column("count", "Deals", "count"),
    Column("amount", "Open", "money"),
    Column("qualified_amount", "Qualified", "money"),
    Column("waived_amount", "Waived", "money", seldom=True),
    Column("unverifiable_amount", "Unverifiable", "money", seldom=True),
    Column("unqualified_amount", "Unqualified", "money"),
)
_AGED = (
    *_CUT,
    Column("age_median", "Median age", "days"),
    Column("age_longest", "Oldest", "days"),
)
_DEALS = (
    Column("name", "Deal"),
    Column("account", "Account"),
    Column("owner", "Owner"),
    Column("stage", "Stage"),
    Column("close_on", "Closes", "day"),
    Column("value", "Amount", "money"),
    Column("qualification", "Proof"),
)


def paper_of(body: Mapping[str, Any], reader: str, draw: Draw, *, scope: str = "") -> Paper:
    """The paper of one of the readings in a body; `draw` gives its drawings, `scope` says whose deals they are."""
    make = _MAKERS[reader]
    answer, large, small, sections = make(body, draw)
    return Paper(
        reader, TITLES[reader], ASKS[reader], answer, head_of(body["head"], scope=scope), large, small, sections,
        body["head"]["currency"],
    )  # fmt: skip


Made = tuple[str, Sequence[Shown], Sequence[Shown], Sequence[Section]]


def sales_paper(body: Mapping[str, Any], draw: Draw) -> Made:
    """Stage by owner, ages, what is due in the next month and what is overdue."""
    figures, tables, currency = _of(body, "sales")
    nominal, qualified = figures["nominal"], figures["qualified"]
    soon, late = figures["closing_soon"], figures["overdue"]
    answer = (
        f"Of {short_text(nominal['value'], currency)} {currency} open in {count_text(nominal['count'], 'deal')}, "
        f"{short_text(qualified['value'], currency)} is qualified "
        f"({share_text(qualified['value'], nominal['value'])}). "
        f"{short_text(soon['value'], currency)} is to close within 30 days; "
        f"{count_text(late['count'], 'deal') if late['count'] else 'none'} "
        f"{'are' if late['count'] > 1 else 'is'} past the close date."
    )
    stages = _named_stages(tables["by_stage"])
    owners = _leading(tables["by_owner"], "nominal", "owner")
    months = _leading(tables["by_month"], "nominal", "month")
    sections = [
        Section(
            "stages", "By stage", drawing=draw("stages", _leading(stages, "nominal", *_of_stage(stages)), currency),
            tables=[table_of("by_stage", "Open deals by stage",
                             [Column("stage", "Stage"), *_AGED, Column("norm_days", "Norm", "days")],
                             stages, currency, behind="nominal", total=True)], key=_PARTS,
        ),
        Section(
            "owners", "By owner and team", drawing=draw("owner", owners, currency),
            tables=[
                table_of("by_owner", "Open deals by owner", [Column("owner", "Owner"), *_AGED],
                         tables["by_owner"], currency, behind="nominal", total=True),
                table_of("by_team", "Open deals by team", [Column("team", "Team"), *_AGED], tables["by_team"],
                         currency, behind="nominal", total=True),
            ], key=_PARTS,
        ),
        Section("matrix", "Stage by owner", "Open amount of each owner in each stage.",
                tables=[_matrix(tables["by_stage_and_owner"], [row["stage"] for row in stages], currency)]),
        Section(
            "due", "The next 30 days, and what is overdue",
            tables=[
                table_of("closing_soon", "Closing within 30 days", _DEALS, tables["closing_soon"], currency,
                         note=_rest(tables["closing_soon"], soon)),
                table_of("overdue", "Past their close date", _DEALS, tables["overdue"], currency,
                         note=_rest(tables["overdue"], late)),
            ],
        ),
        Section("months", "By month of the close date", drawing=draw("months", months, currency),
                tables=[table_of("by_month", "Open deals by month", [Column("month", "Month", "period"), *_CUT],
                                 tables["by_month"], currency, behind="nominal", total=True)]),
    ]  # fmt: skip
    large = [shown(nominal, currency), _with_share(qualified, nominal, currency), shown(soon, currency)]
    small = _figures(figures, currency, "overdue", "age", "waived", "unverifiable", "unqualified")
    return answer, large, small, sections


def marketing_paper(body: Mapping[str, Any], draw: Draw) -> Made:
    """Source by step, from the lead to the win."""
    figures, tables, currency = _of(body, "marketing")
    best = max(tables["by_source"], key=lambda row: row["qualified_amount"], default=None)
    leads, ripe, created = figures["leads"], figures["qualified_leads"], figures["created"]
    arrived = (
        f"{count_text(leads['value'], 'lead')} came in and {ripe['value']:,} were qualified"
        if leads["value"] is not None
        else "No leads are kept here"
    )
    most = (
        f" {best['source'] or 'Deals without a source'} has the most qualified pipeline: "
        f"{short_text(best['qualified_amount'], currency)} of {short_text(best['amount'], currency)}."
        if best is not None and best["qualified_amount"] > 0
        else " No source has qualified pipeline."
    )
    answer = (
        f"{arrived}; {count_text(created['count'], 'deal')} were created, worth "
        f"{short_text(created['value'], currency)} {currency}.{most}"
    )
    steps = [
        Column("leads_count", "Leads", "count"),
        Column("qualified_leads_count", "Qualified leads", "count"),
        Column("created_count", "Deals created", "count"),
        Column("created_amount", "Created", "money"),
        Column("amount", "Open", "money"),
        Column("qualified_amount", "Qualified", "money"),
        Column("won_count", "Deals won", "count"),
        Column("won_amount", "Won", "money"),
        Column("cost", "Cost", "money", seldom=True),
    ]
    sources = _leading(tables["by_source"], "nominal", "source")
    sections = [
        Section("sources", "By source", drawing=draw("source", sources, currency),
                tables=[table_of("by_source", "From the lead to the win, by source",
                                 [Column("source", "Source"), *steps], tables["by_source"], currency,
                                 behind="nominal", total=True)], key=_PARTS),
        Section("campaigns", "By campaign",
                tables=[table_of("by_campaign", "From the lead to the win, by campaign",
                                 [Column("campaign", "Campaign"), Column("source", "Source"), *steps],
                                 tables["by_campaign"], currency, behind="nominal", total=True)]),
    ]  # fmt: skip
    large = _figures(figures, currency, "qualified_leads", "created", "qualified")
    return answer, large, _figures(figures, currency, "leads", "nominal", "won", "cost"), sections


def finance_paper(body: Mapping[str, Any], draw: Draw) -> Made:
    """What lands: the walk, by month, by probability, per currency."""
    figures, tables, currency = _of(body, "finance")
    expected = figures["expected"]
    period = period_text(body["head"]["period"]["name"])
    low, high = (short_text(expected[end], currency) for end in ("low", "high"))
    answer = (
        f"Of {short_text(figures['base']['value'], currency)} {currency} qualified and due in {period}, "
        f"{short_text(expected['value'], currency)} is expected (80% between {low} and {high}). With "
        f"{short_text(figures['won']['value'], currency)} won so far that comes to "
        f"{short_text(figures['forecast']['value'], currency)}{_against(figures, currency)}."
    )
    expects = [
        Column("count", "Deals", "count"),
        Column("amount", "Base", "money"),
        Column("expected_amount", "Expected", "money"),
    ]
    months = _leading(tables["by_month"], "base", "month")
    sections = [
        Section("outlook", "Where the period lands", drawing=draw("outlook", _outlook(figures, period), currency)),
        Section("walk", "From the open pipeline to the forecast", drawing=draw("walk", _of_walk(body), currency),
                tables=[_walk(body, currency)]),
        Section("months", "By month", drawing=draw("expected_months", months, currency),
                tables=[table_of("by_month", "Base, expected and won by month",
                                 [Column("month", "Month", "period"), *expects, Column("won_count", "Deals won", "count"),
                                  Column("won_amount", "Won", "money")], tables["by_month"], currency,
                                 behind="forecast", total=True)]),
        Section("probabilities", "With which probability",
                "How many of the organisation's own closed deals that got as far were won, drawn towards the rate "
                "of all where they are few.",
                tables=[table_of("probabilities", "Probability by stage",
                                 [Column("stage", "Stage"), Column("closed", "Closed", "count"),
                                  Column("won", "Won", "count"), Column("rate", "Share won", "ratio"),
                                  Column("probability", "Probability", "ratio"), *expects],
                                 tables["probabilities"], currency, behind="base")]),
        Section("owners", "By owner",
                tables=[table_of("by_owner", "Base and expected by owner", [Column("owner", "Owner"), *expects],
                                 tables["by_owner"], currency, behind="base", total=True)]),
        Section("outside", "Qualified, but not due in the period",
                tables=[table_of("outside", "By where it lies",
                                 [Column("when", "When"), Column("count", "Deals", "count"),
                                  Column("amount", "Amount", "money")], _outside(tables["outside"]), currency,
                                 behind="outside", total=True)]),
        *_per_currency(tables["per_currency"], currency),
    ]  # fmt: skip
    large = _figures(figures, currency, "forecast", "expected", "won")
    small = _figures(figures, currency, "target", "gap", "base", "outside", "nominal", "unqualified", "waived",
                     "unverifiable")  # fmt: skip
    return answer, large, small, sections


def board_paper(body: Mapping[str, Any], draw: Draw) -> Made:
    """One number, why it moved, whether to trust it."""
    figures, tables, currency = _of(body, "board")
    period = period_text(body["head"]["period"]["name"])
    forecast = figures["forecast"]
    answer = (
        f"The forecast for {period} is {short_text(forecast['value'], currency)} {currency}"
        f"{_against(figures, currency)}. {_moved(body, figures, currency)}"
    )
    sections = [
        Section("outlook", "The number", drawing=draw("outlook", _outlook(figures, period), currency))
    ]
    if "bridge" in tables:
        since = on_text(body["head"]["since_on"])
        sections.append(
            Section("moved", f"Why it moved since {since}", drawing=draw("bridge", _of_lines(tables["bridge"]), currency),
                    tables=[_bridge("bridge", "Open pipeline", tables["bridge"], currency),
                            _bridge("qualified_bridge", "Qualified pipeline", tables["qualified_bridge"],
                                    currency)])
        )  # fmt: skip
    sections.append(_trust(body, tables, currency))
    sections += _per_currency(tables["per_currency"], currency)
    large = _figures(figures, currency, "forecast", "target", "won")
    small = _figures(figures, currency, "nominal", "qualified", "qualified_share", "moved", "coverage_nominal",
                     "coverage_qualified", "coverage_remaining", "coverage_needed")  # fmt: skip
    return answer, large, small, sections


def statement_paper(body: Mapping[str, Any], draw: Draw) -> Made:
    """The walk, each line beside what the readings say of it, and every check."""
    statement, currency = body["statement"], body["head"]["currency"]
    checks = statement["checks"]
    uneven = [each for each in checks if each["difference"]]
    answer = (
        f"The four readings tie to the cent: all {len(checks)} checks come out even."
        if not uneven
        else f"{len(uneven)} of {len(checks)} checks do not come out even. Report it with this page."
    )
    told = [
        Line(
            [Cell(each["says"]), cell(each["left"], "cents", currency), cell(each["right"], "cents", currency),
             cell(each["difference"], "cents", currency), Cell("differs" if each["difference"] else "even")]
        )
        for each in sorted(checks, key=lambda each: each["difference"] == 0)
    ]  # fmt: skip
    labels = [("Check", False), ("One way", True), ("The other", True), ("Difference", True), ("", False)]
    sections = [
        Section("walk", "The lines", drawing=draw("walk", _of_walk(body), currency),
                tables=[_walk(body, currency)]),
        Section("beside", "Each line in the four readings",
                "Where a reading has a figure of the same name, it is the same number.",
                tables=[_beside(body, currency)]),
        Section("currencies", "Per currency", tables=[_currencies(statement["per_currency"], currency)]),
        Section("checks", "Every check", tables=[Table("checks", "Two ways to the same amount", labels, told)]),
    ]  # fmt: skip
    return answer, (), (), sections


_MAKERS: Mapping[str, Callable[[Mapping[str, Any], Draw], Made]] = {
    "sales": sales_paper,
    "marketing": marketing_paper,
    "finance": finance_paper,
    "board": board_paper,
    "reconciliation": statement_paper,
}


def _of(body: Mapping[str, Any], reader: str) -> tuple[Mapping[str, Any], Mapping[str, Sequence[Row]], str]:
    reading = body["readings"][reader]
    return reading["figures"], reading["tables"], body["head"]["currency"]


def _figures(figures: Mapping[str, Any], currency: str, *names: str) -> list[Shown]:
    return [shown(figures[name], currency) for name in names if name in figures]


def _with_share(part: Row, whole: Row, currency: str) -> Shown:
    return shown(part, currency, note=f"{share_text(part['value'], whole['value'])} of what is open")


def _against(figures: Mapping[str, Any], currency: str) -> str:
    target, forecast = figures["target"]["value"], figures["forecast"]["value"]
    if target is None:
        return "; no target is set"
    gap = short_text(abs(forecast - target), currency)
    way = "over" if forecast >= target else "short of"
    return f", {gap} {way} the target of {short_text(target, currency)}"


def _moved(body: Mapping[str, Any], figures: Mapping[str, Any], currency: str) -> str:
    share = percent_text(figures["qualified_share"]["value"], places=0)
    trust = f"{share} of what is open is qualified."
    if "moved" not in figures:
        return trust
    amount = figures["moved"]["value"]
    way = "grew by" if amount > 0 else "shrank by" if amount < 0 else "has not moved since"
    by = f" {short_text(abs(amount), currency)} since" if amount else ""
    return f"The open pipeline {way}{by} {on_text(body['head']['since_on'])}. {trust}"


def _trust(body: Mapping[str, Any], tables: Mapping[str, Sequence[Row]], currency: str) -> Section:
    sales = body["readings"]["sales"]["figures"]
    nominal = sales["nominal"]["value"]
    told = [
        f"{share_text(sales[name]['value'], nominal)} is {says}"
        for name, says in (
            ("qualified", "qualified"),
            ("waived", "passed by waiver"),
            ("unverifiable", "beyond what the records can tell"),
            ("unqualified", "unproven"),
        )
    ]
    changes = tables.get("definition_changes", ())
    since = "" if "definition_changes" not in tables else (
        f" The definition says {count_text(len(changes), 'thing')} differently than then." if changes
        else " The definition is the same as then."
    )  # fmt: skip
    shown = [
        table_of("definitions", "The rules in force",
                 [Column("pipeline", "Pipeline"), Column("version", "Version", "count"),
                  Column("effective_from", "Since", "day"), Column("owner", "Answers for it"),
                  Column("stages", "Stages", "count"), Column("criteria", "Criteria", "count")],
                 tables["definitions"], currency)
    ]  # fmt: skip
    if changes:
        columns = [Column("pipeline", "Pipeline"), Column("says", "What changed")]
        shown.append(table_of("definition_changes", "Changes of the definition", columns, changes, currency))
    return Section(
        "trust", "Whether to trust it", f"Of the open amount {'; '.join(told)}.{since}", tables=shown
    )


def _walk(body: Mapping[str, Any], currency: str) -> Table:
    lines = [
        Line(
            [Cell(_signed(each), "", False, deals_of(each["behind"])), cell(each["count"], "count", currency),
             cell(each["amount"], "cents", currency), Cell(each["says"])],
            strong=each["sign"] == 0,
        )
        for each in body["statement"]["lines"]
    ]  # fmt: skip
    labels = [("Line", False), ("Deals", True), (f"Amount, {currency}", True), ("What it is", False)]
    return Table("walk", "Line by line", labels, lines)


def _of_walk(body: Mapping[str, Any]) -> list[Row]:
    return [{**each, "deals": deals_of(each["behind"])} for each in body["statement"]["lines"]]


def _signed(line: Row) -> str:
    mark = {1: "+ ", -1: "− ", 0: "= "}[line["sign"]]
    return f"{'' if line['name'] == 'nominal' else mark}{line['title']}"


def _beside(body: Mapping[str, Any], currency: str) -> Table:
    lines = []
    for each in body["statement"]["lines"]:
        values = [
            body["readings"][reader]["figures"].get(each["name"], {}).get("value") for reader in READERS
        ]
        if any(value is not None for value in values):
            cells = [Cell("") if value is None else cell(value, "cents", currency) for value in values]
            lines.append(Line([Cell(each["title"]), cell(each["amount"], "cents", currency), *cells]))
    labels = [("Line", False), ("Statement", True), *((reader.capitalize(), True) for reader in READERS)]
    return Table("beside", "The same line in each reading", labels, lines)


def _bridge(name: str, title: str, rows: Sequence[Row], currency: str) -> Table:
    ends = ("opening", "closing")
    kept = [row for row in rows if row["line"] in ends or row["amount"] or row["count"]]
    lines = [
        Line(
            [Cell(row["line"].replace("_", " ").capitalize(), deals=_of_line(name, row["line"])),
             cell(row["count"], "count", currency), cell(row["amount"], "money", currency)],
            strong=row["line"] in ends,
        )
        for row in kept
    ]  # fmt: skip
    return Table(name, title, [("Line", False), ("Deals", True), ("Amount", True)], lines)


def _of_line(name: str, line: str) -> str:
    """The address of the deals that moved on a line of a bridge."""
    behind = "moved" if name == "bridge" else "moved_qualified"
    return "" if line in ("opening", "closing") else deals_of(behind, {"line": line})


def _of_lines(rows: Sequence[Row]) -> list[Row]:
    return [{**row, "deals": _of_line("bridge", row["line"])} for row in rows]


def _per_currency(rows: Sequence[Row], currency: str) -> list[Section]:
    """Each line per currency, where there is more than one."""
    if {row["currency"] for row in rows} <= {currency}:
        return []
    return [Section("currencies", "Per currency", tables=[_currencies(rows, currency)])]


def _currencies(rows: Sequence[Row], currency: str) -> Table:
    """Each line per currency of the deals: as they are, and converted."""
    lines = [
        Line(
            [Cell(row["line"].replace("_", " ").capitalize()), Cell(row["currency"]),
             cell(row["count"], "count", currency), cell(row["amount"], "cents", row["currency"]),
             cell(row["value"], "cents", currency)]
        )
        for row in rows
    ]  # fmt: skip
    labels = [
        ("Line", False),
        ("Currency", False),
        ("Deals", True),
        ("As it is", True),
        (f"In {currency}", True),
    ]
    return Table("per_currency", "Every line per currency", labels, lines)


def _matrix(rows: Sequence[Row], stages: Sequence[str], currency: str) -> Table:
    """Owners down, stages across: the open amount of each."""
    names = list(dict.fromkeys(stages))
    held: dict[str | None, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        held[row["owner"]][row["stage"]] += row["amount"]
    lines = []
    for owner in sorted(held, key=lambda owner: (owner is None, owner or "")):
        theirs = held[owner]
        cells = [Cell("(blank)" if owner is None else owner, deals=_choosing(owner))]
        for stage in names:
            there = stage in theirs
            at = cell(theirs[stage], "money", currency) if there else Cell("", numeric=True)
            cells.append(Cell(at.text, at.exact, True, _choosing(owner, stage) if there else ""))
        cells.append(cell(sum(theirs.values()), "money", currency))
        lines.append(Line(cells))
    sums = [sum(row["amount"] for row in rows if row["stage"] == stage) for stage in names]
    lines.append(
        Line(
            [Cell("Total"), *(cell(amount, "money", currency) for amount in (*sums, sum(sums)))], strong=True
        )
    )
    labels = [("Owner", False), *((stage, True) for stage in names), ("Total", True)]
    return Table("matrix", "Open amount by owner and stage", labels, lines)


def _choosing(owner: str | None, stage: str | None = None) -> str:
    return deals_of("nominal", {"owner": owner} if stage is None else {"owner": owner, "stage": stage})


def _leading(rows: Sequence[Row], behind: str, *names: str) -> list[Row]:
    """The rows of a drawing, each with the address of its deals."""
    return [{**row, "deals": deals_of(behind, {name: row[name] for name in names})} for row in rows]


def _named_stages(rows: Sequence[Row]) -> Sequence[Row]:
    """The stages with their pipeline, where there is more than one that they may be of."""
    if len({row["definition"] for row in rows if row["definition"] is not None}) < 2:
        return rows
    return [{**row, "pipeline": row["definition"]} for row in rows]


def _of_stage(rows: Sequence[Row]) -> tuple[str, ...]:
    """What names a row of the stages: its stage, and its pipeline where there are several."""
    return ("stage", "pipeline") if rows and "pipeline" in rows[0] else ("stage",)


def _rest(rows: Sequence[Row], figure: Row) -> str:
    whole = figure["count"]
    return f"The {len(rows)} largest of {whole:,}." if whole > len(rows) else ""


def _outside(rows: Sequence[Row]) -> list[Row]:
    """Where the deals outside the period lie, in words."""
    says = {"before": "Before the period", "after": "After the period", "undated": "Without a close date"}
    return [{**row, "when": says[row["when"]]} for row in rows]


def _outlook(figures: Mapping[str, Any], period: str) -> list[dict[str, Any]]:
    forecast = figures["forecast"]
    return [
        {"won": figures["won"]["value"], "forecast": forecast["value"], "low": forecast["low"],
         "high": forecast["high"], "target": figures["target"]["value"], "period": period}
    ]  # fmt: skip

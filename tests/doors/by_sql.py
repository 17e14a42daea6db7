"""The figures of a moment in SQL over the stored rows, written by hand for both databases."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

VIENNA = ZoneInfo("Europe/Vienna")
EPOCH = dt.date(1970, 1, 1)
Q2 = ((dt.date(2026, 4, 1) - EPOCH).days, (dt.date(2026, 6, 30) - EPOCH).days)
DAY = 86_400_000_000
FOREVER = 2**62

# The rate in tenths, and half to even in whole numbers: 10 * n + rest.
_RATE = """(SELECT CAST(ROUND(CAST(r.rate AS DECIMAL) * 10) AS BIGINT) FROM records_rateversion r
    WHERE r.currency = {table}.currency AND r.from_on <= {day} ORDER BY r.from_on DESC LIMIT 1)"""
_VALUE = """COALESCE(CASE WHEN {table}.currency = 'EUR' THEN {table}.amount ELSE ({table}.amount * {rate}) / 10
    + CASE WHEN ({table}.amount * {rate}) % 10 > 5
        OR (({table}.amount * {rate}) % 10 = 5 AND (({table}.amount * {rate}) / 10) % 2 = 1) THEN 1 ELSE 0 END END, 0)"""


class Then:
    """A day's end in Vienna, as it is known now or was at another's."""

    def __init__(self, on: dt.date, known: dt.date | None = None) -> None:
        self.day = (on - EPOCH).days
        self.at = _end(on)
        self.known = FOREVER if known is None else _end(known)

    def states(self, name: str) -> str:
        """Every deal's version, in the order in which they were to hold and were learned."""
        return f"""{name} AS (SELECT * FROM (
            SELECT v.*, ROW_NUMBER() OVER (PARTITION BY v.deal_id ORDER BY v.valid_from DESC, v.seq DESC) AS nth
            FROM records_dealversion v WHERE v.valid_from <= {self.at} AND v.recorded_at <= {self.known}) x
            WHERE nth = 1 AND status <> 'deleted')"""

    def value(self, table: str, day: str = "") -> str:
        """What a deal is worth: open ones at the day's rate, closed ones at that of the day they closed."""
        on = day or f"CASE WHEN {table}.status = 'open' THEN {self.day} ELSE {table}.close_on END"
        return _VALUE.format(table=table, rate=_RATE.format(table=table, day=on))

    def held(self, kind: str, more: str) -> str:
        """Whether the deal `s` has valid evidence of a kind."""
        return f"""EXISTS (SELECT 1 FROM records_evidenceversion e WHERE e.deal_id = s.deal_id AND e.kind = '{kind}'
            AND NOT e.revoked AND e.given_at <= {self.at} AND e.valid_from <= {self.at}
            AND (e.valid_to IS NULL OR e.valid_to > {self.at})
            AND (e.expires_on IS NULL OR e.expires_on >= {self.day}) AND {more})"""


def figures(on: dt.date, start: dt.date) -> dict[str, float | None]:
    """Every figure of the day, those of a period of the second quarter; the bridge from `start` as it was known then."""
    then = Then(on)
    return {
        **_open(then), **_closed(then), **_covered(then), **_slipped(then),
        **_bridged(Then(start, start), Then(start), then), **_funnel(then), **_attributed(then),
    }  # fmt: skip


def _open(then: Then) -> dict[str, float | None]:
    pain, waiver = then.held("pain", "e.side = 'buyer'"), then.held("waiver", "e.criterion = 'pain'")
    verdict = f"""CASE WHEN s.stage = 'Negotiation' AND s.amount IS NULL THEN 'unqualified'
        WHEN s.stage = 'Discovery' OR {pain} THEN 'qualified' WHEN {waiver} THEN 'waived' ELSE 'unqualified' END"""
    rows = _rows(f"""WITH {then.states("s")} SELECT verdict, COUNT(*), SUM(value) FROM (
        SELECT {verdict} AS verdict, {then.value("s")} AS value FROM s WHERE s.status = 'open') j GROUP BY verdict""")
    found = {verdict: amount for verdict, _, amount in rows}
    names = ("qualified", "waived", "unqualified")
    return {
        "open_count": sum(count for _, count, _ in rows), "open": sum(found.values()),
        **{name: found.get(name, 0) for name in names},
    }  # fmt: skip


def _closed(then: Then) -> dict[str, float | None]:
    rows = _rows(f"""WITH {then.states("s")}
        SELECT s.status, COUNT(*), SUM({then.value("s")}), SUM(s.close_on - s.created_at / {DAY})
        FROM s WHERE s.close_on BETWEEN {Q2[0]} AND {Q2[1]} GROUP BY s.status""")
    of = {status: rest for status, *rest in rows}
    (won, won_amount, days), (lost, lost_amount, _) = of["won"], of["lost"]
    (opened,) = _rows(f"WITH {then.states('s')} SELECT COUNT(*) FROM s WHERE status = 'open'")[0]
    velocity = opened * Fraction(won_amount, won) * Fraction(won, won + lost) / Fraction(days, won)
    return {
        "won": won_amount, "lost": lost_amount, "win_rate": won / (won + lost),
        "win_rate_by_amount": won_amount / (won_amount + lost_amount), "cycle_days": days / won,
        "velocity": round(velocity),
    }  # fmt: skip


def _covered(then: Then) -> dict[str, float | None]:
    (target,) = _rows(f"""SELECT amount FROM records_targetversion WHERE owner_id IS NULL AND team_id IS NULL
        AND starts_on = {Q2[0]} AND ends_on = {Q2[1]} AND valid_from <= {then.at} ORDER BY valid_from DESC LIMIT 1""")[0]
    pain = then.held("pain", "e.side = 'buyer'")
    due = f"s.status = 'open' AND s.close_on BETWEEN {Q2[0]} AND {Q2[1]}"
    proven = f"(s.stage = 'Discovery' OR ({pain} AND (s.stage = 'Proposal' OR s.amount IS NOT NULL)))"
    ((opened, qualified, won, won_ever, closed_ever),) = _rows(f"""WITH {then.states("s")} SELECT
        SUM(CASE WHEN {due} THEN {then.value("s")} ELSE 0 END),
        SUM(CASE WHEN {due} AND {proven} THEN {then.value("s")} ELSE 0 END),
        SUM(CASE WHEN s.status = 'won' AND s.close_on BETWEEN {Q2[0]} AND {Q2[1]} THEN {then.value("s")} ELSE 0 END),
        SUM(CASE WHEN s.status = 'won' THEN 1 ELSE 0 END), SUM(CASE WHEN s.status <> 'open' THEN 1 ELSE 0 END) FROM s""")
    # What is missing, over how often deals are won, less what is open already.
    gap = target - won
    required = max(round(Fraction(gap * closed_ever, won_ever)) - opened, 0)
    return {
        **_targets(then), "gap": gap, "required": required,
        "target": target, "coverage_nominal": opened / target, "coverage_qualified": qualified / target,
        "coverage_remaining": opened / (target - won), "coverage_needed": closed_ever / won_ever,
    }  # fmt: skip


def _targets(then: Then) -> dict[str, float | None]:
    """The targets of teams and people as they were set by then."""
    rows = _rows(f"""SELECT COALESCE(te.name, p.name), (
            SELECT v.amount FROM records_targetversion v WHERE v.starts_on = {Q2[0]} AND v.valid_from <= {then.at}
            AND (v.team_id = te.id OR v.owner_id = p.id) ORDER BY v.valid_from DESC LIMIT 1)
        FROM (SELECT DISTINCT team_id, owner_id FROM records_targetversion
            WHERE team_id IS NOT NULL OR owner_id IS NOT NULL) held
        LEFT JOIN records_team te ON te.id = held.team_id LEFT JOIN records_person p ON p.id = held.owner_id""")
    return {f"target_{name}": amount for name, amount in rows}


def _slipped(then: Then) -> dict[str, float | None]:
    began = Then(dt.date(2026, 3, 31))
    ((due, due_amount, slipped, slipped_amount),) = _rows(f"""WITH {began.states("b")}, {then.states("s")}
        SELECT COUNT(*), SUM(value), SUM(slipped), SUM(slipped * value) FROM (
            SELECT {began.value("b")} AS value,
                CASE WHEN s.status = 'open' AND s.close_on > {Q2[1]} THEN 1 ELSE 0 END AS slipped
            FROM b JOIN s ON s.deal_id = b.deal_id
            WHERE b.status = 'open' AND b.close_on BETWEEN {Q2[0]} AND {Q2[1]}) due""")
    return {"due_amount": due_amount, "slipped_amount": slipped_amount, "slippage": slipped / due}


def _bridged(given_out: Then, start: Then, end: Then) -> dict[str, float | None]:
    """Deals that are open at both ends, and what came and went between them."""
    ((opening,),) = _rows(
        f"WITH {given_out.states('b')} SELECT SUM({given_out.value('b')}) FROM b WHERE b.status = 'open'"
    )
    now_rate = end.value("b", str(end.day))
    rows = _rows(f"""WITH {start.states("b")}, {end.states("s")}
        SELECT b.status, s.status, {start.value("b")}, {now_rate}, {end.value("s")}
        FROM s LEFT JOIN b ON b.deal_id = s.deal_id WHERE b.status = 'open' OR s.status = 'open'""")
    kept = [(was, meanwhile, now) for before, after, was, meanwhile, now in rows if before == after == "open"]
    left = {status: -sum(was for before, after, was, _, _ in rows if (before, after) == ("open", status))
            for status in ("won", "lost")}  # fmt: skip
    known = sum(was for before, _, was, _, _ in rows if before == "open")
    lines = {
        "opening": opening, "late_arrivals": known - opening,
        "new": sum(now for before, _, _, _, now in rows if before is None),
        "increased": sum(max(now - meanwhile, 0) for _, meanwhile, now in kept),
        "decreased": sum(min(now - meanwhile, 0) for _, meanwhile, now in kept),
        **left, "exchange": sum(meanwhile - was for was, meanwhile, _ in kept),
        "closing": sum(now for _, after, _, _, now in rows if after == "open"),
    }  # fmt: skip
    assert sum(lines.values()) == 2 * lines["closing"]
    return {f"bridge_{line}": amount for line, amount in lines.items()}


def _funnel(then: Then) -> dict[str, float | None]:
    first, last = _end(EPOCH + dt.timedelta(Q2[0] - 1)), min(_end(EPOCH + dt.timedelta(Q2[1])), then.at)
    steps = {
        "new": "status IS NOT NULL", "qualified": "status IN ('qualified', 'converted')",
        "converted": "status = 'converted'",
    }  # fmt: skip
    counted = {
        step: _rows(f"""SELECT COUNT(*) FROM (SELECT lead, MIN(valid_from) AS began FROM records_leadversion
            WHERE {test} GROUP BY lead) x WHERE began > {first} AND began <= {last}""")[0][0]
        for step, test in steps.items()
    }  # fmt: skip
    ((deals,),) = _rows(f"""WITH {then.states("s")} SELECT COUNT(*) FROM s
        WHERE s.created_at > {first} AND s.created_at <= {last}""")
    ((won,),) = _rows(f"""WITH {then.states("s")} SELECT COUNT(*) FROM s
        WHERE s.status = 'won' AND s.close_on BETWEEN {Q2[0]} AND {Q2[1]}""")
    return {f"funnel_{step}": count for step, count in {**counted, "deals": deals, "won": won}.items()}


def _attributed(then: Then) -> dict[str, float | None]:
    """Won amounts by the source of the first touch, else by the deal's own."""
    touched = f"""(SELECT t.source FROM records_touch t WHERE t.touched_at <= {then.at} AND t.lead IN (
        SELECT l.lead FROM records_leadversion l WHERE l.deal_id = s.deal_id AND l.valid_from <= {then.at})
        ORDER BY t.touched_at LIMIT 1)"""
    rows = _rows(f"""WITH {then.states("s")} SELECT source, SUM(value) FROM (
        SELECT COALESCE({touched}, s.source) AS source, {then.value("s")} AS value
        FROM s WHERE s.status = 'won' AND s.close_on BETWEEN {Q2[0]} AND {Q2[1]}) x GROUP BY source""")
    return {f"attributed_{source}": amount for source, amount in rows}


def _end(on: dt.date) -> int:
    after = dt.datetime.combine(on + dt.timedelta(days=1), dt.time(), VIENNA).astimezone(dt.UTC)
    return int((after - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) / dt.timedelta(microseconds=1)) - 1


def _rows(sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [tuple(_whole(value) for value in row) for row in cursor.fetchall()]


def _whole(value: Any) -> Any:
    """PostgreSQL sums to decimals."""
    return int(value) if value is not None and not isinstance(value, str) else value

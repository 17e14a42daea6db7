"""The figures of the readings in SQL written by hand, over the tables as they lie, by DuckDB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from stageproof.engine.book import Pipeline
from stageproof.engine.frames import collect, day_number
from stageproof.engine.period import Period

DAY = 86_400_000_000

# Half to even in whole numbers: `n` in units of which `unit` make one.
HALF_EVEN = """
CREATE MACRO half_even(n, unit) AS n // unit
    + CASE WHEN 2 * (n % unit) > unit OR (2 * (n % unit) = unit AND (n // unit) % 2 = 1) THEN 1 ELSE 0 END;
CREATE MACRO rated(code, day) AS (
    SELECT arg_max(CAST(CAST(rate AS DECIMAL(18, 6)) * 1000000 AS HUGEINT), from_on) FROM rates
    WHERE currency = code AND from_on <= day);
"""
TABLES = """
CREATE TABLE here AS
SELECT * REPLACE (coalesce(currency, 'USD') AS currency) FROM deals
WHERE valid_from <= $at AND valid_to > $at AND status <> 'deleted';
CREATE TABLE priced AS
SELECT *, CAST(CASE WHEN currency = 'USD' THEN amount ELSE half_even(CAST(amount AS HUGEINT) * rated(
    currency, CASE WHEN status = 'open' OR close_on IS NULL THEN $day ELSE close_on END), 1000000)
    END AS BIGINT) AS value,
    (SELECT place FROM stages WHERE lower(name) = lower(stage)) AS place
FROM here;
CREATE TABLE ev AS
SELECT * FROM evidence
WHERE valid_from <= $at AND valid_to > $at AND given_at <= $at AND (expires_on IS NULL OR expires_on >= $day);
CREATE TABLE act AS SELECT * FROM activities WHERE happened_at <= $at;
CREATE TABLE met AS
SELECT r.deal, r.role, greatest(coalesce(CASE WHEN r.engaged_at <= $at THEN r.engaged_at END, 0), coalesce((
    SELECT max(happened_at) FROM act WHERE act.deal = r.deal AND act.contact = r.contact AND side = 'buyer'), 0))
    AS engaged_at
FROM roles r WHERE r.valid_from <= $at AND r.valid_to > $at;
"""
VERDICTS = """
CREATE TABLE judged AS
WITH asked AS (
    SELECT p.deal, n.criterion,
        (p.deal, n.criterion) IN (SELECT (deal, criterion) FROM held) AS holds,
        (p.deal, n.criterion) IN (
            SELECT (deal, criterion) FROM ev WHERE kind = 'waiver' AND criterion IS NOT NULL) AS waived
    FROM priced p JOIN needed n ON n.place < p.place WHERE p.status = 'open'),
counted AS (
    SELECT deal, count(*) FILTER (NOT holds AND NOT waived) AS unmet, count(*) FILTER (NOT holds AND waived) AS waived
    FROM asked GROUP BY deal)
SELECT p.*, CASE WHEN unmet > 0 THEN 'unqualified' WHEN place IS NULL THEN 'unverifiable'
    WHEN c.waived > 0 THEN 'waived' ELSE 'qualified' END AS verdict,
    coalesce(close_on BETWEEN $first AND $last, false) AS due
FROM priced p LEFT JOIN counted c USING (deal) WHERE p.status = 'open';
"""
CHANCES = """
CREATE TABLE furthest AS
SELECT p.deal, p.status, greatest(0, coalesce(p.place, 0), coalesce((
    SELECT max(s.place) FROM deals v JOIN stages s ON lower(s.name) = lower(v.stage)
    WHERE v.deal = p.deal AND v.status = 'open' AND v.valid_from <= $at AND v.valid_to > v.valid_from), 0)) AS place
FROM priced p WHERE p.status IN ('won', 'lost');
CREATE TABLE chances AS
WITH seen AS (
    SELECT s.place, count(f.deal) AS closed, count(*) FILTER (f.status = 'won') AS won
    FROM (SELECT DISTINCT place FROM stages) s LEFT JOIN furthest f ON f.status = 'won' OR f.place >= s.place
    GROUP BY s.place),
whole AS (SELECT (won + 10 * 0.2::DOUBLE) / (closed + 10) AS p FROM seen WHERE place = 0)
SELECT place, closed, won, (seen.won + 10 * whole.p) / (closed + 10) AS p FROM seen, whole;
CREATE TABLE base AS
SELECT j.*, c.p, c.closed,
    CAST(half_even(
        CAST(coalesce(value, 0) AS HUGEINT) * CAST(round(c.p * 1e9) AS HUGEINT), 1000000000) AS BIGINT) AS expected
FROM judged j JOIN chances c USING (place) WHERE verdict = 'qualified' AND due;
CREATE TABLE won AS SELECT * FROM priced WHERE status = 'won' AND close_on BETWEEN $first AND $last;
"""
FIGURES = {
    "nominal": "SELECT sum(value), count(*) FROM judged",
    "qualified": "SELECT sum(value), count(*) FROM judged WHERE verdict = 'qualified'",
    "waived": "SELECT sum(value), count(*) FROM judged WHERE verdict = 'waived'",
    "unverifiable": "SELECT sum(value), count(*) FROM judged WHERE verdict = 'unverifiable'",
    "unqualified": "SELECT sum(value), count(*) FROM judged WHERE verdict = 'unqualified'",
    "outside": "SELECT sum(value), count(*) FROM judged WHERE verdict = 'qualified' AND NOT due",
    "base": "SELECT sum(value), count(*) FROM base",
    "expected": "SELECT sum(expected), count(*) FROM base",
    "won": "SELECT sum(value), count(*) FROM won",
    "closing_soon": "SELECT sum(value), count(*) FROM judged WHERE close_on BETWEEN $day AND $day + 30",
    "overdue": "SELECT sum(value), count(*) FROM judged WHERE close_on < $day",
    "created": "SELECT sum(value), count(*) FROM priced WHERE created_at // 86400000000 BETWEEN $first AND $last",
    "leads": """SELECT count(*), count(*) FROM leads
        WHERE valid_from <= $at AND valid_to > $at AND created_at // 86400000000 BETWEEN $first AND $last""",
    "qualified_leads": """SELECT count(*), count(*) FROM (
        SELECT lead, min(valid_from) AS ripe FROM leads
        WHERE status IN ('qualified', 'converted') AND valid_from <= $at AND valid_to > valid_from GROUP BY lead)
        WHERE ripe // 86400000000 BETWEEN $first AND $last""",
    "cost": """SELECT sum(cost * gone // days - cost * least(greatest($first - starts_on, 0), days) // days), count(*)
        FROM (
        SELECT *, ends_on - starts_on + 1 AS days,
            least(greatest(least($day, $last) - starts_on + 1, 0), ends_on - starts_on + 1) AS gone
        FROM campaigns WHERE valid_from <= $at AND valid_to > $at AND cost IS NOT NULL)""",
    "target": """SELECT sum(amount), NULL FROM targets WHERE valid_from <= $at AND valid_to > $at AND owner IS NULL
        AND team IS NULL AND starts_on = $first AND ends_on = $last""",
    "age": """SELECT median(($at - entered) // 86400000000), count(*) FROM (
        SELECT v.deal, min(v.valid_from) AS entered FROM deals v JOIN judged j USING (deal)
        WHERE v.valid_from <= $at AND v.valid_to > v.valid_from AND v.valid_from > coalesce((
            SELECT max(o.valid_from) FROM deals o WHERE o.deal = v.deal AND o.valid_from <= $at
            AND o.valid_to > o.valid_from AND (o.status <> 'open' OR coalesce(o.stage, '') <> coalesce(j.stage, ''))), -1)
        GROUP BY v.deal)""",
    "coverage_nominal": "SELECT sum(value) FILTER (due) / (SELECT * FROM goal), NULL FROM judged",
    "coverage_qualified": "SELECT sum(value) / (SELECT * FROM goal), NULL FROM base",
    "coverage_remaining": """SELECT sum(value) FILTER (due) / ((SELECT * FROM goal) - (SELECT sum(value) FROM won)), NULL
        FROM judged""",
    "coverage_needed": "SELECT count(*) / count(*) FILTER (status = 'won'), NULL FROM furthest",
    "qualified_share": "SELECT sum(value) FILTER (verdict = 'qualified') / sum(value), NULL FROM judged",
    "interval": """SELECT sqrt(sum(value::DOUBLE ** 2 * (p * (1 - p) - p * (1 - p) / (closed + 11)))
        + sum(value * sqrt(p * (1 - p) / (closed + 11))) ** 2), NULL FROM base""",
}


class BySql:
    """The figures of a book at an instant; `held` and `needed` say what its definition asks, in SQL."""

    def __init__(
        self, pipeline: Pipeline, period: Period, stages: Sequence[tuple[str, int]],
        needed: Sequence[tuple[int, str]], held: str,
    ) -> None:  # fmt: skip
        self.at: dict[str, int] = {
            "at": pipeline.at, "day": pipeline.day, "first": day_number(period.starts_on),
            "last": day_number(period.ends_on),
        }  # fmt: skip
        self.duck = duckdb.connect()
        for name, frame in pipeline.book.tables.items():
            self.duck.register(f"{name}_given", collect(frame))
            self.duck.execute(f"CREATE TABLE {name} AS SELECT * FROM {name}_given")
        self._listed("stages", "name TEXT, place BIGINT", stages)
        self._listed("needed", "place BIGINT, criterion TEXT", needed)
        for script in (HALF_EVEN, TABLES, f"CREATE TABLE held AS {held};", VERDICTS, CHANCES):
            self._run(script)
        self._run(f"CREATE TABLE goal AS {FIGURES['target'].replace(', NULL', '')};")

    def figure(self, name: str) -> tuple[Any, Any]:
        """Value and count."""
        value, count = self._rows(FIGURES[name])[0]
        return value or 0, count

    def cut(self, by: str, value: str = "value", table: str = "judged") -> dict[Any, int]:
        """Group -> amount."""
        return {key: int(total or 0) for key, total in self._rows(
            f"SELECT {by}, sum({value}) FROM {table} GROUP BY 1")}  # fmt: skip

    def _rows(self, sql: str) -> list[Any]:
        return self.duck.execute(self._bound(sql)).fetchall()

    def _run(self, script: str) -> None:
        self.duck.execute(self._bound(script))

    def _bound(self, sql: str) -> str:
        for name, value in self.at.items():
            sql = sql.replace(f"${name}", f"CAST({value} AS BIGINT)")
        return sql

    def _listed(self, name: str, columns: str, rows: Sequence[tuple[Any, ...]]) -> None:
        self.duck.execute(f"CREATE TABLE {name} ({columns})")
        self.duck.executemany(f"INSERT INTO {name} VALUES (?, ?)", [list(row) for row in rows])


def counted(found: Mapping[Any, int]) -> dict[Any, int]:
    """Without the groups that come to nothing."""
    return {key: amount for key, amount in found.items() if amount}

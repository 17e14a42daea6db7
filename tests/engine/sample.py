"""A small book with something in every table, for whatever must hold on a whole one."""

from __future__ import annotations

from functools import cache

import polars as pl

from stageproof.engine.book import Book, Pipeline
from stageproof.engine.definition import read_definition
from stageproof.engine.period import Calendar
from tests.engine.engines import on_engine, rates, table

QUARTER = Calendar().period("2025-Q1")
START, AS_OF = "2025-01-20", "2025-02-28"

DEALS = """
deal  valid_from        status   stage        owner  team   amount  currency  close_on    source   segment  next_step_on
d1    2025-01-02T09:00  open     Discovery    Ann    North  120000  USD       2025-03-15  web      small    2025-01-10
d1    2025-01-20T09:00  open     Proposal     Ann    North  150000  USD       2025-03-15  web      small    2025-03-05
d2    2025-01-03T10:00  open     Discovery    Ann    North  80000   EUR       2025-03-20  fair     large    -
d2    2025-01-25T10:00  open     Negotiation  Ann    North  80000   EUR       2025-04-20  fair     large    2025-02-01
d2    2025-02-25T10:00  open     Negotiation  Bob    North  85000   EUR       2025-05-20  fair     large    2025-03-04
d3    2025-01-05T08:00  open     Discovery    Bob    North  40000   USD       2025-02-10  web      small    -
d3    2025-01-30T08:00  open     Proposal     Bob    North  40000   USD       2025-02-10  web      small    -
d3    2025-02-12T08:00  won      Proposal     Bob    North  42000   USD       2025-02-12  web      small    -
d4    2025-01-06T08:30  open     Discovery    Cleo   South  64000   EUR       2025-02-20  partner  large    -
d4    2025-02-14T08:30  lost     Discovery    Cleo   South  64000   EUR       2025-02-14  partner  large    -
d5    2025-01-07T11:00  open     Proposal     Cleo   South  99000   USD       2025-02-05  partner  -        2025-02-01
d6    2024-11-01T11:00  open     Discovery    -      -      -       USD       -           -        -        -
d7    2024-10-10T07:00  open     Discovery    Bob    North  30000   USD       2024-12-20  web      small    -
d7    2024-12-18T07:00  won      Proposal     Bob    North  33000   USD       2024-12-18  web      small    -
d8    2024-10-12T07:00  open     Proposal     Cleo   South  1500000 JPY       2024-12-20  fair     small    -
d8    2024-12-01T07:00  lost     Proposal     Cleo   South  1500000 JPY       2024-12-01  fair     small    -
d8    2025-02-02T07:00  open     Proposal     Cleo   South  1700000 JPY       2025-03-01  fair     small    2025-03-10
d9    2025-01-15T07:00  open     Discovery    Ann    North  20000   USD       2025-03-31  web      large    -
d9    2025-02-01T07:00  deleted  Discovery    Ann    North  20000   USD       2025-03-31  web      large    -
d10   2025-02-20T07:00  open     Discovery    Ann    North  70000   USD       2025-03-31  referral large    2025-03-02
d11   2025-01-02T07:00  open     Legal        Bob    North  15000   CHF       2025-03-31  referral large    -
"""
EVIDENCE = """
evidence  deal  criterion  kind    side    given_at    expires_on  verified_by  valid_from
e1        d1    -          pain    buyer   2025-01-15  -           Dana         2025-01-15
e2        d2    -          pain    buyer   2025-01-05  2025-02-15  -            2025-01-05
e3        d5    pain       waiver  seller  2025-01-08  2025-06-30  Dana         2025-01-08
e4        d8    -          pain    seller  2025-02-03  -           -            2025-02-03
e5        d8    -          pain    buyer   2025-02-10  -           Dana         2025-02-10
"""
ROLES = """
deal  contact  role             engaged_at  valid_from
d1    Ada      economic_buyer   2025-02-10  2025-01-12
d1    Bea      champion         2025-02-20  2025-01-12
d2    Cid      economic_buyer   2024-12-01  2025-01-06
d5    Dot      legal            -           2025-01-09
d8    Eve      economic_buyer   2025-02-20  2025-02-03
"""
ACTIVITIES = """
activity  deal  lead  contact  kind     side    direction  happened_at
a1        d1    -     Ada      meeting  buyer   inbound    2025-02-24T10:00
a2        d1    -     Bea      email    buyer   inbound    2025-02-20T10:00
a3        d2    -     Cid      email    seller  outbound   2025-02-26T10:00
a4        d2    -     Cid      email    buyer   inbound    2025-01-20T10:00
a5        d5    -     Dot      call     buyer   inbound    2025-01-20T10:00
a6        d8    -     Eve      meeting  buyer   inbound    2025-02-22T10:00
a7        -     l2    -        email    seller  outbound   2025-01-11T08:00
a8        -     l2    -        meeting  buyer   -          2025-01-15T10:00
"""
LEADS = """
lead  source   campaign  status        deal  owner  responded_at      disqualified_reason  created_at  valid_from
l1    web      spring    new           -     Ann    2024-12-20T00:30  -                    2024-12-20  2024-12-20
l1    web      spring    converted     d1    Ann    2024-12-20T00:30  -                    2024-12-20  2025-01-02
l2    fair     winter    qualified     -     Bob    -                 -                    2025-01-10  2025-01-12
l3    web      spring    disqualified  -     Bob    2025-01-16T09:00  Budget               2025-01-14  2025-01-20
l4    web      spring    converted     d3    Bob    -                 -                    2025-01-02  2025-01-05
l5    fair     winter    qualified     -     Ann    -                 -                    2025-01-03  2025-02-25
"""
TOUCHES = """
lead  deal  source   campaign  touched_at
l1    -     web      spring    2024-12-20
l1    -     email    winter    2024-12-28
-     d1    fair     winter    2025-01-10
l4    -     web      spring    2025-01-03
-     d3    partner  -         2025-01-20
-     d7    email    winter    2024-10-20
"""
CAMPAIGNS = """
campaign  source  starts_on   ends_on     cost   currency  valid_from
spring    web     2024-12-01  2025-02-28  90001  USD       2024-11-20
winter    fair    2025-01-10  -           50000  EUR       2025-01-02
winter    fair    2025-01-10  -           55000  EUR       2025-02-02
"""
TARGETS = """
owner  team   starts_on   ends_on     amount   currency  valid_from
Ann    North  2025-01-01  2025-03-31  250000   USD       2024-12-20
Bob    North  2025-01-01  2025-03-31  100000   EUR       2024-12-20
-      South  2025-01-01  2025-03-31  300000   USD       2024-12-20
-      -      2025-01-01  2025-03-31  900000   USD       2024-12-20
"""
RATES = """
EUR 2024-10-01 1.0835
EUR 2025-02-01 1.1125
JPY 2024-10-01 0.0067
JPY 2025-01-15 0.0065
"""
DEFINITION = """
[pipeline]
name = "New business"
owner = "Dana Reed"
version = {version}
effective_from = {effective_from}
[[stages]]
name = "Discovery"
norm_days = 21
[[stages.exit]]
id = "pain"
says = "The buyer named a problem"
proof = {{ evidence = "pain", from = "buyer", within_days = {within} }}
[[stages]]
name = "Proposal"
norm_days = 14
[[stages.exit]]
id = "buyer"
says = "The economic buyer is engaged"
proof = {{ role = "economic_buyer", engaged_within_days = 30 }}
[[stages.exit]]
id = "next"
says = "A next step is agreed, or the buyer was active"
proof = {{ any_of = [{{ next_step_within_days = 14 }}, {{ activity = "any", side = "buyer", within_days = 10 }}] }}
[[stages]]
name = "Negotiation"
"""


@cache
def book() -> Book:
    """The sample on Polars."""
    deals = table("deals", DEALS)
    return Book.build(
        deals=deals.with_columns(created_at=pl.col("valid_from").min().over("deal")),
        evidence=table("evidence", EVIDENCE),
        roles=table("roles", ROLES),
        activities=table("activities", ACTIVITIES),
        leads=table("leads", LEADS),
        touches=table("touches", TOUCHES),
        campaigns=table("campaigns", CAMPAIGNS),
        targets=table("targets", TARGETS),
        rates=rates(RATES),
        definitions=[
            read_definition(DEFINITION.format(version=1, effective_from="2024-01-01", within=30)),
            read_definition(DEFINITION.format(version=2, effective_from="2025-02-15", within=60)),
        ],
        currency="USD",
    )


@cache
def book_on(engine: str) -> Book:
    """The sample on an engine."""
    return on_engine(engine, book())


@cache
def pipeline_on(engine: str) -> Pipeline:
    """The sample as of its day, on an engine."""
    return book_on(engine).as_of(AS_OF)

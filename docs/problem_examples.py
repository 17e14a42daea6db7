"""One small input for a problem, and what is said of it: the examples in the reference of problems."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from stageproof.cli.loading import load
from stageproof.engine.book import Book
from stageproof.engine.definition import Definition, read_definition
from stageproof.engine.definition_check import check_definition
from stageproof.engine.frames import from_rows
from stageproof.engine.measures import MEASURES
from stageproof.engine.period import Calendar
from stageproof.engine.problem import Problem, Refused
from stageproof.engine.stage_moves import Refusal, decide_stage_move, decide_waiver
from stageproof.engine.tables import DEALS
from stageproof.engine.templates import template
from stageproof.importers.mapping import read_mapping

HEADER = "Id,Name,Account,Stage,Owner,Amount,Close date,Created\n"
GOOD = "1,Harbour lighting,Northwind,Discovery,Ada Okafor,18000,2025-11-28,2025-09-03\n"


def _sheet(*rows: str) -> dict[str, bytes]:
    return {"deals.csv": (HEADER + GOOD + "".join(f"{row}\n" for row in rows)).encode()}


def _only(text: str | bytes, name: str = "deals.csv") -> dict[str, bytes]:
    return {name: text if isinstance(text, bytes) else text.encode()}


_STATUS = "Id,Name,Stage,Status,Amount,Close date,Created\n"
FILES: tuple[dict[str, bytes], ...] = (
    _sheet("2,Depot,Castle,Proposal,Ada Okafor,64500,2025-02-31,2025-06-11"),
    _sheet("2,Depot,Castle,Proposal,Ada Okafor,1e309,2025-10-15,2025-06-11"),
    _sheet("2,Depot,Castle,Proposal,Ada Okafor,-64500,2025-10-15,2025-06-11"),
    _sheet("2,Depot,Castle,Proposal,Ada Okafor,,2025-10-15,2025-06-11"),
    _sheet("2,Depot,Castle,Proposal,Ada Okafor,100,2025-10-15,"),
    _sheet("2,Depot,Castle,Proposal,Ada Okafor"),
    _sheet("2,Depot,Castle,Proposal,Ada Okafor,64,500,2025-10-15,2025-06-11"),
    _sheet('2,"Depot "new"",Castle,Proposal,Ada Okafor,64500,2025-10-15,2025-06-11'),
    _sheet('2,"Depot,Castle,Proposal,Ada Okafor,64500,2025-10-15,2025-06-11'),
    _sheet("2,De\0pot,Castle,Proposal,Ada Okafor,64500,2025-10-15,2025-06-11"),
    _sheet(GOOD.strip()),
    _sheet("1,Harbour lighting,Northwind,Proposal,Ada Okafor,18000,2025-11-28,2025-09-03"),
    _sheet(",Depot,Castle,Proposal,Ada Okafor,64500,2025-10-15,2025-06-11"),
    _sheet("Total,,,,,18000,,"),
    _only((HEADER + GOOD).replace("Harbour", "Häfen").encode("cp1252")),
    _only(
        (HEADER + GOOD + GOOD.replace("1,Harbour", "2,Häfen")).encode()
        + "3,Bär".encode("cp1252")
        + GOOD[GOOD.index(",Northwind") :].encode()
    ),
    _only(b""),
    _only(b"PK\x03\x04 and so on"),
    _only('[{"id": 1}]'),
    _only(HEADER),
    _only(HEADER + "1,a,b,Discovery,c,x,2025-01-01,2025-01-01\n"),
    _only("Id,Id,Stage,Amount\n1,1,Discovery,5\n"),
    _only("Colour,Weight,Height\nred,5,6\n"),
    _only("Report of September\n\n" + HEADER + GOOD),
    _only("Name,Account,Stage,Amount,Close date\nHarbour,Northwind,Discovery,100,2025-11-28\n"),
    _only(HEADER.replace("Owner", "") + GOOD),
    _only(HEADER.replace("Owner", "Shoe size") + GOOD),
    _only(",".join(f"c{number}" for number in range(2_001)) + "\n"),
    _only(
        "Id,Name,Stage,Amount,Close date\n1,Harbour,Discovery,100,03/04/2025\n2,Depot,Proposal,100,05/06/2025\n"
    ),
    _only(
        "Id,Name,Stage,Amount,Currency,Close date\n1,Harbour,Discovery,100,EUR,2025-04-03\n"
        "2,Depot,Proposal,100,GLD,2025-04-03\n"
    ),
    _only(
        _STATUS
        + "1,Harbour,Proposal,Won,,2025-08-22,2025-05-05\n2,Depot,Proposal,Open,5,2025-12-01,2025-05-05\n"
    ),
    _only(_STATUS + "1,Harbour,Proposal,Won,5,,2025-05-05\n2,Depot,Proposal,Open,5,2025-12-01,2025-05-05\n"),
    _only(
        _STATUS
        + "1,Harbour,Proposal,Won,5,2025-04-01,2025-05-05\n2,Depot,Proposal,Open,5,2025-12-01,2025-05-05\n"
    ),
    _only(
        "Id,Name,Stage,Is closed,Amount,Close date,Created\n1,Harbour,Gone,true,5,2025-08-22,2025-05-05\n"
        "2,Depot,Proposal,false,5,2025-12-01,2025-05-05\n"
    ),
    {**_sheet(), "colours.csv": b"Colour,Weight\nred,5\n"},
    {
        **_sheet(),
        "history.csv": b"Deal ID,Stage,Changed at\n1,Discovery,2025-09-03\n9,Discovery,2025-09-03\n",
    },
    {**_sheet(), "history.csv": b"Deal ID,Stage,Changed at\n1,Discovery,2025-09-03\n1,Proposal,\n"},
    {**_sheet(), "again.csv": (HEADER + GOOD).encode()},
    {**_sheet(), "goals.csv": b"Owner,Target,Quarter\nAda Okafor,,2025-Q4\nBen Wu,100,soon\n"},
)
"""Each is read in a folder of its own, all its files together."""

DEFINITIONS = (
    "[pipeline",
    "",
    '[pipeline]\nname = "New business"\nowner = "everyone"\ncolour = "red"\nversion = "one"\n',
    '[pipeline]\nname = "N"\nowner = "Ada Okafor"\n[[stages]]\nname = "A"\n[[stages]]\nname = "a"\n',
    """[pipeline]
name = "New business"
owner = "Ada Okafor"
[[stages]]
name = "Discovery"
[[stages.exit]]
id = "1st"
says = "x"
proof = { field = "amount" }
[[stages.exit]]
id = "two"
says = "x"
proof = { evidence = "waiver" }
[[stages.exit]]
id = "two"
says = "x"
proof = { role = "champion", evidence = "pain" }
[[stages.exit]]
id = "three"
says = "x"
proof = { field = "source", present = true, currency = "USD" }
[[stages.exit]]
id = "four"
says = "x"
proof = { field = "amount", at_least = 5, at_most = 1, currency = "GLD" }
[[stages.exit]]
id = "five"
says = "x"
proof = """
    + "{ not = " * 9
    + '{ field = "source", present = true }'
    + " }" * 9,
)
DOUBTFUL = """[pipeline]
name = "New business"
owner = "Ada Okafor"
[[stages]]
name = "Discovery"
[[stages.exit]]
id = "a"
says = "We sent the proposal"
proof = { activity = "pigeon" }
[[stages.exit]]
id = "b"
says = "b"
proof = { role = "magician" }
[[stages.exit]]
id = "c"
says = "c"
proof = { evidence = "pain" }
[[stages.exit]]
id = "d"
says = "d"
proof = { field = "next_step", present = true }
[[stages.exit]]
id = "e"
says = "e"
proof = { field = "source", present = true }
""" + "".join(f'[[stages]]\nname = "{name}"\n' for name in ("B", "C", "D", "E", "F", "G"))


@cache
def examples() -> dict[str, Problem]:
    """For each code that an input above brings about, the first problem with it."""
    found: dict[str, Problem] = {}
    for problem in _all():
        found.setdefault(problem.code, problem)
    return found


def _all() -> Iterator[Problem]:
    for files in FILES:
        yield from _of_files(files)
    yield from _of_paths()
    for text in DEFINITIONS:
        yield from _of(lambda text=text: read_definition(text, source="pipeline.toml"))
    yield from check_definition(read_definition(DOUBTFUL))
    yield from _of(lambda: read_mapping('currency = "GLD"', source="mapping.toml"))
    yield from _of_the_gate()
    yield from _of_the_library()


def _of(call: Callable[[], object]) -> tuple[Problem, ...]:
    try:
        call()
    except Refused as refused:
        return refused.problems
    return ()


def _of_files(files: dict[str, bytes]) -> Iterator[Problem]:
    with _folder():
        for name, content in files.items():
            Path(name).write_bytes(content)
        try:
            loaded = load([Path(name) for name in files])
        except Refused as refused:
            yield from refused.problems
        else:
            yield from loaded.problems
            yield from (each.problem for each in loaded.rejected)


def _of_paths() -> Iterator[Problem]:
    with _folder():
        Path("exports").mkdir()
        Path("deals.csv").write_text(HEADER + GOOD)
        deals = [Path("deals.csv")]
        yield from _of(lambda: load([Path("nowhere.csv")]))
        yield from _of(lambda: load([Path("exports")]))
        yield from _of(lambda: load(deals, mapping=Path("nowhere.toml")))
        yield from _of(lambda: load(deals, mapping=Path("exports")))
        yield from _of(lambda: load(deals, date_order="ydm", zone="Mars/Olympus"))


@contextmanager
def _folder() -> Iterator[None]:
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)
        try:
            yield
        finally:
            os.chdir(before)


def _deal(deal: str, stage: str, status: str) -> dict[str, object]:
    return {"deal": deal, "stage": stage, "status": status, "amount": 1_800_000, "currency": "USD",
            "valid_from": 0, "created_at": 0}  # fmt: skip


def _book(*definitions: Definition) -> Book:
    rows = [_deal("D-01", "Discovery", "open"), _deal("D-02", "Proposal", "won")]
    evidence = from_rows(
        DEALS, [{"deal": "D-01", "kind": "none", "given_at": 0, "valid_from": 0, "evidence": "E"}]
    )
    return Book.build(deals=from_rows(DEALS, rows), evidence=evidence, definitions=definitions)


def _of_the_gate() -> Iterator[Problem]:
    rules = template("mid-market")
    pipeline = _book(rules).as_of("2025-09-30")
    asked = (("D-01", "Proposal"), ("D-01", "Discovery"), ("D-01", "lost"), ("D-02", "lost"), ("D-02", "Discovery"),
             ("D-01", "Nowhere"), ("D-99", "Proposal"))  # fmt: skip
    for deal, to in asked:
        answer = decide_stage_move(pipeline, deal=deal, to=to)
        if isinstance(answer, Refusal):
            yield from answer.problems
    answer = decide_stage_move(_book().as_of("2025-09-30"), deal="D-01", to="Proposal")
    if isinstance(answer, Refusal):
        yield from answer.problems
    waiver = decide_waiver(rules, deal="D-01", criterion="luck", reason="", granted_by="Ben Wu", roles=["rep"],
                           day=20_000, expires_on=None)  # fmt: skip
    if isinstance(waiver, Refusal):
        yield from waiver.problems


def _of_the_library() -> Iterator[Problem]:
    book = _book()
    pipeline = book.as_of("2025-09-30")
    calls: tuple[Callable[[], object], ...] = (
        lambda: book.as_of("30.09.2025"),
        lambda: MEASURES["win_rate"].compute(pipeline, by=["colour"]),
        lambda: MEASURES["bridge"].compute(book, "2025-09-30", "2025-06-30"),
        lambda: MEASURES["bridge"].compute(book, "2025-06-30", "2025-09-30", mode="diagonal"),
        lambda: MEASURES["slippage"].compute(pipeline, period=book.calendar.period("2026-Q1")),
        lambda: book.calendar.period("2025-Q5"),
        lambda: Calendar(year_starts=13),
        lambda: template("huge"),
        lambda: Book.build(deals=from_rows(DEALS, [{"deal": "D-01"}])),
    )
    for call in calls:
        yield from _of(call)

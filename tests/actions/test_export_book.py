"""The exported book: the same figures wherever its tables lie, and only what is new written the next time."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from stageproof.actions.accounts import edit_account
from stageproof.actions.deals import create_deal, edit_deal, move_deal
from stageproof.actions.evidence import attach_evidence, revoke_evidence
from stageproof.actions.export_book import export_book
from stageproof.actions.rates import set_rate
from stageproof.actions.targets import set_target
from stageproof.engine.book import Book
from stageproof.engine.frames import collect
from stageproof.engine.measures import bridge, coverage, open_pipeline, slippage, win_rate
from stageproof.engine.problem import Refused
from stageproof.engine.qualification import qualified_deals
from stageproof.importers.warehouse import About, book_in_folder, book_in_tables
from stageproof.records import tables
from stageproof.records.models import Account, Deal
from tests.actions.conftest import Cast, Clock

HERE = [  # Spark is asked in processes of its own, with the command.
    ("polars", None),
    ("duckdb", None),
    ("ibis", None),
]


def figures(book: Book, *, few: bool) -> list[pl.DataFrame]:
    """What the book says of a few days, as tables whose rows have an order."""
    found: list[Any] = []
    for day in ("2026-04-30",) if few else ("2026-03-12", "2026-04-30"):
        pipeline = book.as_of(day)
        quarter = book.calendar.period("2026-Q2")
        found += [
            qualified_deals(pipeline).select("deal", "qualification"),
            open_pipeline(pipeline, by=["stage", "owner"]),
            coverage(pipeline, period=quarter),
            win_rate(pipeline),
            slippage(pipeline, period=book.calendar.period("2026-Q1")),
        ]
    # What was taken back later still held for whoever looks from before that.
    for known in ("2026-03-12",) if few else ("2026-03-02", "2026-03-12"):
        found.append(qualified_deals(book.as_of("2026-03-12", known)).select("deal", "qualification"))
        given = book.as_of("2026-03-12", known).evidence
        assert given is not None
        found.append(given.select("evidence", "deal"))
    if not few:
        found.append(bridge(book, "2026-03-02", "2026-04-30", mode="events").lines)
    plain = [collect(each) if isinstance(each, nw.LazyFrame) else each for each in found]
    return [each.select(sorted(each.columns)).sort(sorted(each.columns)) for each in plain]


def assert_same(one: Book, other: Book, *, few: bool = False) -> None:
    """Fails unless both say the same; a few figures tell of tables, for measures on other engines have tests apart."""
    for left, right in zip(figures(one, few=few), figures(other, few=few), strict=True):
        assert_frame_equal(left, right, check_exact=False, abs_tol=1e-9)


@pytest.fixture
def worked(cast: Cast, now: Clock, ready: Callable[[], Deal]) -> Deal:
    """A deal with proof behind it, one lost, and a target."""
    deal = ready()
    facts = {
        "name": "Beta",
        "amount": 1_234_500,
        "close_on": dt.date(2026, 4, 9),
        "custom": {"region": "North"},
    }
    beta = create_deal(cast.ben, now=now(), facts=facts).deal
    for rate, on in (("0.91", dt.date(2026, 1, 1)), ("0.87", dt.date(2026, 4, 1))):
        set_rate(cast.ada, currency="USD", from_on=on, rate=rate, now=now())
    create_deal(cast.ann, now=now(), facts={"name": "Gamma", "amount": 3_333_300, "currency": "USD"})
    period = (dt.date(2026, 4, 1), dt.date(2026, 6, 30))
    set_target(cast.olga, starts_on=period[0], ends_on=period[1], amount=9_000_000, currency="EUR", now=now())
    now.days(8)
    move_deal(cast.ben, beta.key, to="lost", lost_reason="No budget", now=now())
    return deal


def parts(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("*.parquet")):
        yield str(path.relative_to(folder)), hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(("engine", "connect"), HERE)
def test_the_figures_are_the_same_on_every_engine(
    worked: Deal, tmp_path: Path, engine: str, connect: str | None
) -> None:
    written = export_book(tmp_path / "book")
    assert written.rows["deals"] == sum(1 for _ in worked.versions.model.objects.all())
    found = book_in_folder(tmp_path / "book", engine=engine, connect=connect)
    assert_same(found, tables.book(), few=engine != "polars")


def test_the_next_export_adds_only_what_is_new(cast: Cast, now: Clock, worked: Deal, tmp_path: Path) -> None:
    folder = tmp_path / "book"
    export_book(folder)
    before = dict(parts(folder))
    given = attach_evidence(
        cast.ann, worked.key, kind="budget", what="Signed off", given_by="Cleo", now=now()
    )
    export_book(folder)
    revoke_evidence(cast.ann, given.evidence, reason="Mistaken", now=now())
    edit_deal(cast.ann, worked.key, now=now(), changes={"amount": 7_777_700, "custom": {"tier": "Gold"}})
    written = export_book(folder)
    assert not written.afresh
    assert {name: rows for name, rows in written.rows.items() if rows} == {"deals": 1, "evidence": 1}
    after = dict(parts(folder))
    assert {name: after[name] for name in before} == before
    assert len(after) == len(before) + 3
    assert_same(book_in_folder(folder), tables.book())
    assert_same(book_in_folder(folder, engine="duckdb"), tables.book(), few=True)
    custom = collect(book_in_folder(folder).as_of("2026-04-30").deals.select("deal", "region", "tier"))
    assert ("Gold", None) in custom.select("tier", "region").rows()
    assert ("North", None) in custom.select("region", "tier").rows()


def test_nothing_new_writes_no_part(worked: Deal, tmp_path: Path) -> None:
    export_book(tmp_path / "book")
    before = dict(parts(tmp_path / "book"))
    again = export_book(tmp_path / "book")
    assert not again.afresh
    assert again.rows["deals"] == 0
    assert dict(parts(tmp_path / "book")) == before


def test_a_name_that_stands_in_old_versions_has_everything_written_again(
    cast: Cast, now: Clock, acme: Account, worked: Deal, tmp_path: Path
) -> None:
    folder = tmp_path / "book"
    export_book(folder)
    edit_account(cast.ann, acme.pk, changes={"name": "Acme Holding"}, now=now())
    written = export_book(folder)
    assert written.afresh
    accounts = pl.concat([pl.read_parquet(path) for path in (folder / "deals").glob("*.parquet")])["account"]
    assert set(accounts.drop_nulls()) == {"Acme Holding"}
    named = {
        path for paths in json.loads((folder / "book.json").read_text())["tables"].values() for path in paths
    }
    assert named == {name for name, _ in parts(folder)}


def test_a_folder_with_other_things_in_it_is_left_alone(worked: Deal, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(Refused, match="Choose an empty folder"):
        export_book(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_tables_of_a_database_make_a_book_too(worked: Deal, tmp_path: Path) -> None:
    import duckdb

    folder, file = tmp_path / "book", tmp_path / "warehouse.duckdb"
    export_book(folder)
    with duckdb.connect(str(file)) as connection:
        for each in ("deals", "evidence", "roles", "activities", "targets", "rates"):
            connection.execute(f"CREATE TABLE {each} AS FROM read_parquet('{folder}/{each}/*.parquet')")
    whole = tables.book()
    about = About("EUR", whole.zone, whole.calendar, whole.definitions)
    for engine, connect in (("duckdb", str(file)), ("ibis", f"duckdb://{file}?read_only=True")):
        assert_same(book_in_tables(engine, connect, about), whole, few=True)


def test_a_part_that_is_missing_is_named(worked: Deal, tmp_path: Path) -> None:
    export_book(tmp_path / "book")
    gone = next((tmp_path / "book" / "deals").glob("*.parquet"))
    gone.unlink()
    with pytest.raises(Refused, match=gone.name):
        book_in_folder(tmp_path / "book")


@pytest.mark.parametrize(
    ("engine", "connect", "says"),
    [
        ("oracle", None, "There is no engine 'oracle'"),
        ("polars", "somewhere", "connects to nothing"),
        ("duckdb", "absent.duckdb", "no such file"),
        ("ibis", "nosuch://ann:secret@host/db", "cannot be reached at nosuch://host/db"),
    ],
)
def test_an_engine_that_cannot_be_had_is_refused(engine: str, connect: str | None, says: str) -> None:
    with pytest.raises(Refused) as refused:
        book_in_tables(engine, connect, About())  # type: ignore[arg-type]
    assert says in str(refused.value)
    assert "secret" not in str(refused.value)

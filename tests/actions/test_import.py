"""Import: what files bring, twice, past the gate or not, and undone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from stageproof.actions.activities import log_activity
from stageproof.actions.committee import remove_from_committee
from stageproof.actions.conflict import NotFound
from stageproof.actions.deals import delete_deal, edit_deal, move_deal
from stageproof.actions.evidence import attach_evidence
from stageproof.actions.import_deals import ImportResult, Options, commit_import, preview_import
from stageproof.actions.import_facts import FactChange
from stageproof.actions.organisation import change_organisation
from stageproof.actions.permission import Forbidden
from stageproof.actions.targets import set_target
from stageproof.actions.undo_change import undo_changes
from stageproof.actions.undo_import import undo_import
from stageproof.engine.frames import collect
from stageproof.records.doctor import doctor
from stageproof.records.models import (
    Account,
    AccountVersion,
    Activity,
    Deal,
    DealVersion,
    EvidenceVersion,
    ImportRun,
    Person,
    RoleVersion,
    TargetVersion,
    Team,
)
from stageproof.records.tables import book, pipeline_now
from tests.actions.conftest import Cast, Clock
from tests.actions.database import codes, database_hash, denied, nothing_changes, refused

DEALS = """\
Deal ID,Deal Name,Account,Stage,Amount,Currency,Owner,Created Date,Close Date,Flavour
B1,Beta rollout,Beta Ltd,Discovery,1000.00,EUR,Ann Archer,2026-01-05,2026-06-30,North
B2,Gamma pilot,Gamma SA,Proposal,2000.50,EUR,Zoe Zimmer,2026-01-07,2026-05-31,
B3,Acme add-on,Acme Corp,Closed Won,300.00,EUR,Ben Baker,2026-01-08,2026-02-10,South
"""
HISTORY = """\
Deal ID,Stage,Changed At
B1,Prospecting,2026-01-05T08:00:00+00:00
B1,Discovery,2026-02-01T08:00:00+00:00
"""


@pytest.fixture
def files(tmp_path: Path) -> Callable[..., list[Path]]:
    """Writes the texts as files of these names."""

    def write(**texts: str) -> list[Path]:
        for name, text in texts.items():
            (tmp_path / f"{name}.csv").write_text(text)
        return [tmp_path / f"{name}.csv" for name in texts]

    return write


def commit(cast: Cast, now: Clock, paths: list[Path]) -> ImportResult:
    return commit_import(cast.olga, paths, now=now())


def test_deals_arrive_as_they_were(
    cast: Cast, now: Clock, acme: Account, files: Callable[..., list[Path]]
) -> None:
    result = commit(cast, now, files(deals=DEALS))
    assert (result.created, result.unchanged, result.refused) == (3, 0, [])
    assert result.added == {"people": ["Zoe Zimmer"], "accounts": ["Beta Ltd", "Gamma SA"]}
    rows = Deal.objects.order_by("key").values_list(
        "key", "name", "account__name", "stage", "status", "amount", "owner__name", "team__name", "custom"
    )
    assert list(rows) == [
        (
            "B1",
            "Beta rollout",
            "Beta Ltd",
            "Discovery",
            "open",
            100_000,
            "Ann Archer",
            "East",
            {"Flavour": "North"},
        ),
        ("B2", "Gamma pilot", "Gamma SA", "Proposal", "open", 200_050, "Zoe Zimmer", None, {}),
        (
            "B3",
            "Acme add-on",
            "Acme Corp",
            None,
            "won",
            30_000,
            "Ben Baker",
            "East",
            {"Flavour": "South"},
        ),
    ]
    won = DealVersion.objects.filter(deal__key="B3").order_by("valid_from")
    assert [(each.status, each.valid_from.date(), each.door, each.recorded_at) for each in won] == [
        ("open", dt.date(2026, 1, 7), "import", now.at),
        ("won", dt.date(2026, 2, 9), "import", now.at),
    ]
    beta = AccountVersion.objects.get(name="Beta Ltd")
    assert (beta.change, beta.door, beta.actor, beta.valid_from) == (
        "created",
        "import",
        cast.olga.name,
        now.at,
    )
    zoe = Person.objects.get(name="Zoe Zimmer")
    assert (zoe.is_active, zoe.has_usable_password(), zoe.email.split("@")[1]) == (
        False, False, "not-invited.invalid",
    )  # fmt: skip
    assert doctor().problems == ()


def test_the_same_files_again_change_nothing(
    cast: Cast, now: Clock, files: Callable[..., list[Path]]
) -> None:
    paths = files(deals=DEALS)
    commit(cast, now, paths)
    seq = DealVersion.objects.order_by("-seq").values_list("seq", flat=True)[0]
    again = commit(cast, now, paths)
    assert (again.created, again.updated, again.moved, again.unchanged) == (0, 0, 0, 3)
    assert not again.changes_anything
    assert DealVersion.objects.order_by("-seq").values_list("seq", flat=True)[0] == seq
    assert (again.run.first_seq, again.run.last_seq) == (None, None)  # type: ignore[union-attr]


def test_a_preview_tells_all_and_changes_nothing(
    cast: Cast, now: Clock, files: Callable[..., list[Path]]
) -> None:
    paths = files(deals=DEALS)
    before = database_hash()
    looked = preview_import(cast.olga, paths, now=now())
    assert looked.run is not None
    kept = looked.run.pk
    ImportRun.objects.all().delete()
    assert database_hash() == before
    assert codes(lambda: commit_import(cast.olga, paths, run=kept, now=now())) == ["not_a_preview"]
    looked = preview_import(cast.olga, paths, now=now())
    assert looked.run is not None
    done = commit_import(cast.olga, paths, run=looked.run.pk, now=now())
    assert {**done.summary(), "rows": 0} == {**looked.summary(), "rows": 0}
    assert done.run is not None
    assert (done.run.pk, done.run.status) == (looked.run.pk, "committed")
    other = files(deals=DEALS.replace("1000.00", "9000.00"))
    looked = preview_import(cast.olga, other, now=now())
    assert looked.changes == [FactChange("B1", "amount", 100_000, 900_000)]
    files(deals=DEALS)
    assert codes(lambda: commit_import(cast.olga, paths, run=looked.run.pk, now=now())) == ["other_files"]  # type: ignore[union-attr]


def test_what_files_say_otherwise_is_taken_and_blanks_change_nothing(
    cast: Cast, now: Clock, files: Callable[..., list[Path]]
) -> None:
    commit(cast, now, files(deals=DEALS))
    later = DEALS.replace("1000.00", "1500.00").replace("2000.50", "").replace("Ben Baker", "Ann Archer")
    result = commit(cast, now, files(deals=later))
    assert [(each.deal, each.fact, each.before, each.after) for each in result.changes] == [
        ("B1", "amount", 100_000, 150_000),
        ("B3", "owner_id", cast.ben.person.pk, cast.ann.person.pk),  # type: ignore[union-attr]
    ]
    assert Deal.objects.get(key="B2").amount == 200_050
    first, second = DealVersion.objects.filter(deal__key="B1").order_by("seq")
    assert (first.amount, first.valid_to, second.valid_from, second.change) == (
        100_000, now.at, now.at, "imported",
    )  # fmt: skip
    assert collect(book().as_of(now.at).deals.filter(deal="B1"))["amount"].to_list() == [150_000]
    assert doctor().problems == ()


def test_a_further_stage_is_refused_word_for_word_as_elsewhere(
    cast: Cast, now: Clock, files: Callable[..., list[Path]]
) -> None:
    commit(cast, now, files(deals=DEALS))
    later = DEALS.replace("Beta Ltd,Discovery,1000.00", "Beta Ltd,Negotiation,1500.00").replace(
        "Gamma SA,Proposal", "Gamma SA,Closed Won"
    )
    result = commit(cast, now, files(deals=later))
    assert [(each.deal, each.to) for each in result.refused] == [("B1", "Negotiation"), ("B2", "won")]
    for each in result.refused:
        same = refused(lambda each=each: move_deal(cast.olga, each.deal, to=each.to, now=now()))  # type: ignore[misc]
        assert list(each.problems) == same
        assert len(same) >= 6
    one = Deal.objects.get(key="B1")
    assert (one.stage, one.amount) == ("Discovery", 150_000)
    assert commit(cast, now, files(deals=later)).changes_anything is False


def test_moves_that_the_gate_allows(
    cast: Cast, now: Clock, ready: Callable[[], Deal], files: Callable[..., list[Path]]
) -> None:
    deal = ready()
    head = "Deal ID,Deal Name,Stage,Amount,Lost Reason,Close Date\n"
    result = commit(cast, now, files(deals=f"{head}{deal.key},Acme rollout,Discovery,50000.00,,2026-06-30\n"))
    assert (result.moved, result.refused, result.updated) == (1, [], 0)
    version = DealVersion.objects.filter(deal=deal).order_by("-seq")[0]
    assert (version.stage, version.change, version.door, version.actor) == (
        "Discovery", "forward", "import", "olga@northwind.example",
    )  # fmt: skip
    lost = f"{head}{deal.key},Acme rollout,Closed Lost,50000.00,No budget,2026-03-01\n"
    paths = files(deals=lost)
    assert commit(cast, now, paths).moved == 1
    deal.refresh_from_db()
    assert (deal.status, deal.lost_reason, deal.close_on) == ("lost", "No budget", dt.date(2026, 3, 1))
    assert commit(cast, now, paths).changes_anything is False
    back = files(deals=f"{head}{deal.key},Acme rollout,Discovery,50000.00,,2026-06-30\n")
    [no] = commit(cast, now, back).refused
    assert [problem.code for problem in no.problems] == ["reason_missing"]
    options = Options(reason="They came back")
    assert commit_import(cast.olga, back, now=now(), options=options).moved == 1
    assert doctor().problems == ()


def test_what_builds_on_a_deal_that_is_here_under_another_id_builds_on_the_one_here(
    cast: Cast, now: Clock, deal: Deal, files: Callable[..., list[Path]]
) -> None:
    head = "Deal ID,Deal Name,Stage,Amount,Follows\n"
    rows = "X1,Acme rollout,Prospecting,1.00,\nX2,Acme renewal,Prospecting,2.00,X1\n"
    options = Options(same_deals={"X1": deal.key})
    assert commit_import(cast.olga, files(deals=head + rows), now=now(), options=options).created == 1
    assert dict(Deal.objects.values_list("key", "follows")) == {deal.key: None, "X2": deal.key}


def test_a_fiscal_quarter_of_targets_is_the_organisation_s(
    cast: Cast, now: Clock, files: Callable[..., list[Path]]
) -> None:
    change_organisation(cast.olga, changes={"year_starts": 4}, now=now())
    goals = "Owner,Period,Target\nAnn Archer,FY2026-Q1,1000\n"
    assert commit_import(cast.olga, files(deals=DEALS, goals=goals), now=now()).targets == 1
    target = TargetVersion.objects.get()
    assert (target.starts_on, target.ends_on) == (dt.date(2025, 4, 1), dt.date(2025, 6, 30))


def test_what_was_taken_back_here_does_not_happen_again_with_the_next_import(
    cast: Cast, now: Clock, files: Callable[..., list[Path]]
) -> None:
    calls = "Deal ID,Activity date,Type,Direction,Subject\nB1,2026-02-02,Call,Inbound,They called\n"
    paths = files(deals=DEALS, calls=calls)
    first = commit(cast, now, paths)
    undo_import(cast.ada, first.run.pk, now=now())  # type: ignore[union-attr]
    second = commit(cast, now, paths)
    assert (first.activities, second.activities) == (1, 1)
    call = Activity.objects.get(withdrawn_at__isnull=True)
    undo_changes(cast.olga, call.seq, call.seq, now=now())
    assert commit(cast, now, paths).activities == 0
    assert not Activity.objects.filter(withdrawn_at__isnull=True).exists()
    call.refresh_from_db()
    taken_back = call.withdrawn_at
    undo_import(cast.ada, second.run.pk, now=now())  # type: ignore[union-attr]
    call.refresh_from_db()
    assert call.withdrawn_at == taken_back
    assert commit(cast, now, paths).activities == 0
    assert doctor().problems == ()


def test_a_target_comes_again_with_an_import_that_was_undone_but_not_where_it_was_taken_away(
    cast: Cast, now: Clock, files: Callable[..., list[Path]]
) -> None:
    paths = files(deals=DEALS, goals="Owner,Period,Target\nAnn Archer,2026-Q1,1000\n")
    present = TargetVersion.objects.filter(valid_to__isnull=True, removed=False)
    first = commit(cast, now, paths)
    undo_import(cast.ada, first.run.pk, now=now())  # type: ignore[union-attr]
    assert not present.exists()
    assert commit(cast, now, paths).targets == 1
    target = present.get()
    assert target.amount == 100_000
    period = {"starts_on": target.starts_on, "ends_on": target.ends_on}
    set_target(cast.olga, owner=cast.ann.person, amount=None, now=now(), **period)
    assert commit(cast, now, paths).targets == 0
    assert not present.exists()


def test_rates_in_files_are_not_kept_and_that_is_said(
    cast: Cast, now: Clock, files: Callable[..., list[Path]]
) -> None:
    rates = "Currency,Date,Rate\nUSD,2026-01-01,0.9\n"
    looked = preview_import(cast.olga, files(deals=DEALS, rates=rates), now=now())
    assert "rates_not_imported" in {problem.code for problem in looked.problems}
    alone = preview_import(cast.olga, files(deals=DEALS), now=now())
    assert "rates_not_imported" not in {problem.code for problem in alone.problems}


def test_waivers_and_verifications_in_files_are_not_kept_and_that_is_said(
    cast: Cast, now: Clock, files: Callable[..., list[Path]]
) -> None:
    sheet = "Deal ID,Evidence kind,Side,Criterion,Given at,Verified by\n"
    sheet += "B1,waiver,,pain,2026-01-05,Olga\nB1,pain,seller,,2026-01-05,Olga\nB1,pain,buyer,,2026-01-05,\n"
    run = commit(cast, now, files(deals=DEALS, evidence=sheet))
    said = {problem.code: problem.count for problem in run.problems}
    assert (said["waivers_not_imported"], said["verification_not_imported"]) == (1, 1)
    # What both sides said on one day are two pieces.
    kept = EvidenceVersion.objects.order_by("side").values_list("kind", "side", "verified_by")
    assert [*kept] == [("pain", "buyer", None), ("pain", "seller", None)]
    alone = preview_import(cast.olga, files(deals=DEALS), now=now())
    assert not {"waivers_not_imported", "verification_not_imported"} & {each.code for each in alone.problems}


def test_meetings_of_one_day_with_two_people_are_two(
    cast: Cast, now: Clock, files: Callable[..., list[Path]]
) -> None:
    sheet = "Deal ID,Activity date,Type,Contact\nB1,2026-01-12,Meeting,Cleo\nB1,2026-01-12,Meeting,Dora\n"
    # The day after the clock of these tests has not come yet.
    ahead = (now.at + dt.timedelta(days=1)).date()
    paths = files(deals=DEALS, activities=f"{sheet}B1,{ahead},Meeting,Cleo\n")
    run = commit(cast, now, paths)
    assert run.activities == 2
    assert [each.count for each in run.problems if each.code == "activities_ahead"] == [1]
    assert commit(cast, now, paths).activities == 0


def test_what_was_deleted_here_is_left_out(cast: Cast, now: Clock, files: Callable[..., list[Path]]) -> None:
    paths = files(deals=DEALS)
    commit(cast, now, paths)
    delete_deal(cast.olga, "B1", reason="Never was", now=now())
    again = commit(cast, now, paths)
    assert (again.left_out, again.unchanged, again.changes_anything) == (["B1"], 2, False)
    assert [problem.code for problem in again.problems if problem.code == "deleted_here"] == ["deleted_here"]


def test_undone_and_made_again(cast: Cast, now: Clock, deal: Deal, files: Callable[..., list[Path]]) -> None:
    head, *rows = DEALS.splitlines(keepends=True)
    mine = f"{deal.key},Acme rollout,Acme Corp,Prospecting,70000.00,EUR,Ann Archer,,2026-06-30,East\n"
    paths = files(deals="".join([head, mine, *rows]))
    run = commit(cast, now, paths).run
    assert run is not None
    before = now.at
    undo_import(cast.ada, run.pk, now=now())
    deal.refresh_from_db()
    assert (deal.amount, deal.custom, deal.version) == (5_000_000, {}, 3)
    assert sorted(Deal.objects.exclude(status="deleted").values_list("key", flat=True)) == [deal.key]
    assert collect(pipeline_now(now.at).deals)["deal"].to_list() == [deal.key]
    assert sorted(collect(book().as_of(before).deals)["deal"]) == ["B1", "B2", "B3", deal.key]
    assert doctor().problems == ()
    assert codes(lambda: undo_import(cast.ada, run.pk, now=now())) == ["nothing_to_undo"]
    again = commit(cast, now, paths)
    assert (again.created, again.updated) == (0, 4)
    assert sorted(collect(pipeline_now(now.at).deals)["deal"]) == ["B1", "B2", "B3", deal.key]
    assert Deal.objects.get(key="B3").status == "won"
    assert doctor().problems == ()


@pytest.mark.parametrize("how", ["edit", "evidence", "activity", "delete"])
def test_not_undone_once_something_was_changed(
    cast: Cast, now: Clock, files: Callable[..., list[Path]], how: str
) -> None:
    run = commit(cast, now, files(deals=DEALS)).run
    assert run is not None
    match how:
        case "edit":
            edit_deal(cast.olga, "B2", now=now(), changes={"amount": 1})
        case "evidence":
            attach_evidence(cast.olga, "B2", kind="pain", what="x", given_by="y", now=now())
        case "activity":
            log_activity(cast.olga, "B2", kind="call", side="buyer", subject="x", now=now())
        case "delete":
            delete_deal(cast.olga, "B2", reason="x", now=now())
    [problem] = refused(lambda: undo_import(cast.olga, run.pk, now=now()))
    assert (problem.code, problem.says) == ("changed_since_import", "1 of what came was changed since: B2.")


SALESFORCE = {
    "Opportunity": "Id,Name,AccountId,StageName,Amount,CloseDate,OwnerId,CreatedDate,IsClosed,IsWon\n"
    "006A,Beta rollout,001A,Discovery,1000,2026-06-30,005A,2026-01-05T08:00:00.000Z,false,false\n",
    "Account": "Id,Name\n001A,Beta Ltd\n",
    "Contact": "Id,FirstName,LastName,AccountId,Title,Email\n003A,Cleo,Clark,001A,COO,cleo@beta.example\n",
    "User": "Id,Name\n005A,Ann Archer\n",
    "OpportunityContactRole": "Id,OpportunityId,ContactId,Role,CreatedDate\n"
    "00KA,006A,003A,Economic Buyer,2026-01-09T08:00:00.000Z\n",
    "Task": "Id,WhatId,WhoId,Subject,Status,ActivityDate,Type,CallType,CreatedDate,OwnerId\n"
    "00TA,006A,003A,Call back,Completed,2026-02-02,Call,Inbound,2026-02-02T10:00:00.000Z,005A\n",
    "Lead": "Id,Name,Company,Status,LeadSource,CreatedDate,IsConverted\n"
    "00QA,Dan Dorn,Delta,Working,Web,2026-01-20T08:00:00.000Z,false\n",
}


def test_what_belongs_to_the_deals_comes_along(
    cast: Cast, now: Clock, files: Callable[..., list[Path]]
) -> None:
    paths = files(**SALESFORCE)
    result = commit(cast, now, paths)
    assert (result.created, result.roles, result.activities, result.leads) == (1, 1, 1, 1)
    role = RoleVersion.objects.select_related("contact").get()
    assert (role.contact.name, role.contact.title, role.role, role.valid_from) == (
        "Cleo Clark", "COO", "economic_buyer", dt.datetime(2026, 1, 9, 8, tzinfo=dt.UTC),
    )  # fmt: skip
    activity = Activity.objects.get()
    assert (activity.key, activity.side, activity.contact_id, activity.deal.key) == (  # type: ignore[union-attr]
        "00TA", "buyer", role.contact_id, "006A",
    )  # fmt: skip
    assert commit(cast, now, paths).changes_anything is False
    assert doctor().problems == ()
    assert result.run is not None
    undo_import(cast.olga, result.run.pk, now=now())
    shown = pipeline_now(now.at)
    counts = [
        len(collect(frame))
        for frame in (shown.deals, shown.roles, shown.activities, shown.leads)
        if frame is not None
    ]
    assert counts == [0, 0, 0, 0]
    again = commit(cast, now, paths)
    assert (again.updated, again.roles, again.activities, again.leads) == (1, 1, 1, 1)
    remove_from_committee(cast.olga, "006A", contact=role.contact_id, role="economic_buyer", now=now())
    assert commit(cast, now, paths).changes_anything is False
    assert doctor().problems == ()


def test_broken_files_change_nothing(cast: Cast, now: Clock, files: Callable[..., list[Path]]) -> None:
    commit(cast, now, files(deals=DEALS))
    broken = files(deals=DEALS, other="")
    assert codes(lambda: commit_import(cast.olga, broken, now=now())) != []


@pytest.mark.parametrize("who", ["ann", "mia", "max", "fay", "eve", "otto"])
def test_who_may_not(cast: Cast, now: Clock, files: Callable[..., list[Path]], who: str) -> None:
    paths = files(deals=DEALS)
    run = commit(cast, now, paths).run
    assert run is not None
    denied(lambda: preview_import(cast[who], paths, now=now()), Forbidden)
    denied(lambda: commit_import(cast[who], paths, now=now()), Forbidden)
    denied(lambda: undo_import(cast[who], run.pk, now=now()), Forbidden)
    denied(lambda: undo_import(cast.olga, 99, now=now()), NotFound)


def test_an_unknown_pipeline_is_refused(cast: Cast, now: Clock, files: Callable[..., list[Path]]) -> None:
    with nothing_changes():
        assert codes(
            lambda: commit_import(
                cast.olga, files(deals=DEALS), now=now(), options=Options(pipeline="Renewals")
            )
        ) == ["unknown_pipeline"]


def test_names_find_people_by_address_and_any_case(
    cast: Cast, now: Clock, files: Callable[..., list[Path]]
) -> None:
    named = DEALS.replace("Ann Archer", "ANN@northwind.example").replace("Ben Baker", "ben  baker")
    commit(cast, now, files(deals=named))
    owners = Deal.objects.order_by("key").values_list("owner__name", flat=True)
    assert list(owners) == ["Ann Archer", "Zoe Zimmer", "Ben Baker"]
    assert Team.objects.count() == 2

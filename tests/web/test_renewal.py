"""Renewal: a list brought up to date deal by deal is the list worked out from the beginning."""

from __future__ import annotations

import datetime as dt
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from stageproof.actions.activities import log_activity
from stageproof.actions.committee import add_to_committee
from stageproof.actions.conflict import NotFound
from stageproof.actions.deals import create_deal, delete_deal, edit_deal, move_deal
from stageproof.actions.evidence import attach_evidence, revoke_evidence
from stageproof.actions.organisation import change_organisation
from stageproof.actions.seeing import seen
from stageproof.engine.book import Pipeline
from stageproof.engine.frames import collect
from stageproof.engine.problem import Refused
from stageproof.records.models import Deal, EvidenceVersion
from stageproof.web import deal_list as deal_list_module
from stageproof.web import renewal
from stageproof.web.as_of import Moment, past, present
from stageproof.web.deal_list import (
    LEARNED,
    at_risk,
    deal_list,
    open_deals,
    risks_among,
    visible,
)
from tests.web.conftest import Cast, Clock

Verb = Callable[[Cast, str, dt.datetime, random.Random], Any]


def _evidence(cast: Cast, key: str, at: dt.datetime, chance: random.Random) -> None:
    attach_evidence(
        cast.olga,
        key,
        kind=chance.choice(["pain", "metrics", "budget"]),
        what="Said",
        given_by="Cleo",
        now=at,
    )


def _revoke(cast: Cast, key: str, at: dt.datetime, _: random.Random) -> None:
    held = EvidenceVersion.objects.filter(deal__key=key, valid_to__isnull=True, revoked=False).first()
    if held is not None:
        revoke_evidence(cast.olga, held.evidence, reason="Wrong", now=at)


def _step(cast: Cast, key: str, at: dt.datetime, chance: random.Random) -> None:
    due = at.date() + dt.timedelta(days=chance.choice([-3, 5, 40]))
    edit_deal(
        cast.olga,
        key,
        now=at,
        changes={"next_step": "Call", "next_step_on": due, "amount": chance.randrange(10**6)},
    )


VERBS: list[Verb] = [
    _evidence,
    _revoke,
    _step,
    lambda cast, key, at, chance: edit_deal(
        cast.olga, key, now=at, changes={"owner": chance.choice([cast.ann, cast.ben]).person}
    ),
    lambda cast, key, at, chance: edit_deal(
        cast.olga, key, now=at, changes={"close_on": at.date() + dt.timedelta(days=chance.randrange(-9, 60))}
    ),
    lambda cast, key, at, chance: log_activity(
        cast.olga, key, kind="call", side="buyer", subject="Talk", now=at
    ),
    lambda cast, key, at, chance: add_to_committee(
        cast.olga,
        key,
        contact={"name": f"C{chance.randrange(10**6)}"},
        role="champion",
        engaged_at=at,
        now=at,
    ),
    lambda cast, key, at, chance: move_deal(cast.olga, key, to="Discovery", now=at),
    lambda cast, key, at, chance: move_deal(cast.olga, key, to="lost", lost_reason="Price", now=at),
    lambda cast, key, at, chance: delete_deal(cast.olga, key, reason="Twin", now=at),
]


@pytest.mark.parametrize("seed", range(4))
def test_changes_one_after_the_other_give_the_list_of_all(cast: Cast, now: Clock, seed: int) -> None:
    chance = random.Random(seed)
    for number in range(6):
        create_deal(cast.ann, now=now(), facts={"name": f"Deal {number}", "amount": chance.randrange(10**6)})
    now.days(1)
    start, full = now.at, _shown(now)[0]
    assert full.height == 6
    for _ in range(14):
        # All of it within the ten minutes after which a list is made in full.
        now.at = at = min(
            now.at + dt.timedelta(seconds=chance.randrange(1, 40)), start + dt.timedelta(minutes=9)
        )
        key = chance.choice(list(Deal.objects.values_list("key", flat=True)))
        try:
            chance.choice(VERBS)(cast, key, at, chance)
        except (Refused, NotFound):
            continue
        shown, risks, alone = _shown(now)
        fresh = Pipeline(alone.book, alone.at, keeps=True)
        assert_frame_equal(shown, deal_list(fresh).deals)
        same = ["deal", "code", "since_on", "value"]
        known = ~pl.col("code").is_in(LEARNED)
        assert_frame_equal(
            risks.filter(known).select(same), at_risk(fresh).filter(known).select(same), check_row_order=False
        )
    # Of a past day the open deals alone are listed, and only those shown are checked.
    on = now.at.date()
    now.days(40)
    then = past(on)
    whole = Pipeline(then.book, then.at, keeps=True)
    listed = deal_list(whole).deals.drop("_words", "deal_no")
    assert_frame_equal(
        open_deals(then).drop("deal_no"), listed.filter(pl.col("status") == "open"), check_column_order=False
    )
    keys = listed["deal"].to_list()[::2]
    assert not then.remembers("deal risk rows")
    every = at_risk(whole).filter(pl.col("deal").is_in(keys))
    assert_frame_equal(risks_among(then, keys), every, check_row_order=False)


def _shown(now: Clock) -> Any:
    pipeline = present(now.at + dt.timedelta(seconds=1), now.at.date())
    return deal_list(pipeline).deals, at_risk(pipeline), pipeline


def test_only_what_changed_is_worked_out(cast: Cast, now: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [
        create_deal(cast.ann, now=now(), facts={"name": f"Deal {n}", "amount": n}).deal.key for n in range(5)
    ]
    _shown(now)
    asked: list[list[str]] = []
    monkeypatch.setattr(
        renewal, "book_of", lambda book, some: asked.append(sorted(some)) or original(book, some)
    )
    edit_deal(cast.ann, keys[2], now=now(), changes={"amount": 99})
    shown, *_ = _shown(now)
    assert asked == [[keys[2]]]
    assert shown.filter(pl.col("deal") == keys[2])["amount"].to_list() == [99]
    assert shown["deal"].to_list()[0] == keys[2]


original = renewal.book_of


def test_whoever_began_before_a_change_is_shown_what_was_and_others_what_is(cast: Cast, now: Clock) -> None:
    keys = [
        create_deal(cast.ann, now=now(), facts={"name": f"Deal {n}", "amount": n}).deal.key for n in range(4)
    ]
    _shown(now)
    began = present(now.at + dt.timedelta(seconds=1), now.at.date())
    edit_deal(cast.ann, keys[1], now=now(), changes={"amount": 77})
    create_deal(cast.ann, now=now(), facts={"name": "Another", "amount": 5})
    after, *_ = _shown(now)
    assert sorted(after["amount"].to_list()) == [0, 2, 3, 5, 77]
    early = Pipeline(began.book, began.at, keeps=True)
    assert_frame_equal(_renewed_again(began), deal_list(early).deals)
    # What the slower one worked out is nobody's else.
    again, *_ = _shown(now)
    assert_frame_equal(again, after)


def _renewed_again(pipeline: Pipeline) -> pl.DataFrame:
    pipeline._remembered.pop("deal list")
    return deal_list(pipeline).deals


def test_those_who_ask_at_once_wait_for_the_one_who_works_it_out(
    cast: Cast, now: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_deal(cast.ann, now=now(), facts={"name": "Deal", "amount": 1})
    pipeline = present(now.at, now.at.date())
    listed, asked, built = deal_list_module._listed(pipeline), [], threading.Event()

    def slowly(_: Pipeline) -> pl.DataFrame:
        asked.append(1)
        built.wait(0.3)
        return listed

    monkeypatch.setattr(deal_list_module, "_listed", slowly)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda each: deal_list(each).deals, [pipeline] * 4))
    assert len(asked) == 1
    assert all(each is listed for each in found)


def test_a_past_day_is_kept_until_something_of_that_day_changes(cast: Cast, now: Clock) -> None:
    key = create_deal(cast.ann, now=now(), facts={"name": "Deal", "amount": 100}).deal.key
    first, on = now.at, now.at.date()
    now.days(3)
    asked = past(on)
    assert _amounts(asked) == [100]
    edit_deal(cast.ann, key, now=now(), changes={"amount": 200})
    assert past(on) is asked

    # Learned today, of that day.
    log_activity(cast.olga, key, kind="call", side="buyer", subject="Talk", happened_at=first, now=now())
    again = past(on)
    assert again is not asked
    assert again.activities is not None
    assert again.activities.collect().shape[0] == 1
    late = create_deal(cast.ann, now=first + dt.timedelta(minutes=1), facts={"name": "Late", "amount": 7})
    assert sorted(_amounts(past(on))) == [7, 100]
    change_organisation(cast.olga, changes={"name": "Renamed"}, now=now())
    assert past(on) is not again
    assert late.deal.key != key


def test_a_past_day_that_is_kept_shows_only_what_one_may_see_by_now(cast: Cast, now: Clock) -> None:
    key = create_deal(cast.ann, now=now(), facts={"name": "Deal", "amount": 100}).deal.key
    on = now.at.date()
    now.days(3)
    then = Moment(past(on), on, False, now.at)
    deals = deal_list(then.pipeline).deals
    assert visible(cast.ann, then, deals)["deal"].to_list() == [key]
    assert _amounts(seen(cast.ann, then.pipeline)) == [100]
    edit_deal(cast.olga, key, now=now(), changes={"owner": cast.otto.person})
    assert past(on) is then.pipeline
    assert visible(cast.ann, then, deals).is_empty()
    assert _amounts(seen(cast.ann, then.pipeline)) == []


def _amounts(pipeline: Pipeline) -> list[int]:
    amounts: list[int] = collect(pipeline.deals)["amount"].to_list()
    return amounts

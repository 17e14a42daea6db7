"""What follows a won deal: its renewal, opened once, in the expansion pipeline."""

from __future__ import annotations

import datetime as dt

import pytest

from stageproof.actions.conflict import NotFound
from stageproof.actions.deals import edit_deal, find_deal
from stageproof.actions.expansion import open_expansion
from stageproof.actions.permission import Forbidden
from stageproof.engine.measures import retention
from stageproof.engine.problem import Refused
from stageproof.records import tables
from stageproof.records.models import Deal
from tests.actions.conftest import Cast, Clock
from tests.actions.won_deal import expanding, won

__all__ = ["expanding", "won"]


@pytest.mark.usefixtures("expanding")
def test_a_renewal_has_the_contracts_account_amount_and_day(cast: Cast, now: Clock, won: Deal) -> None:
    opened = open_expansion(cast.ann, won.key, deal_type="renewal", now=now()).deal
    assert (opened.pipeline, opened.stage, opened.status) == ("Expansion", "Onboarding", "open")
    assert (opened.amount, opened.close_on, opened.follows) == (won.amount, dt.date(2027, 3, 2), won.key)
    assert (opened.account, opened.owner, opened.deal_type) == (won.account, won.owner, "renewal")
    (row,) = retention(tables.book().as_of(now.at.date())).to_dicts()
    assert (row["due_amount"], row["open_amount"]) == (won.amount, won.amount)


@pytest.mark.usefixtures("expanding")
@pytest.mark.parametrize(
    ("renews_on", "closes_on"),
    [("2026-03-02", "2026-03-02"), ("2026-03-01", "2026-05-31"), (None, "2026-05-31")],
)
def test_a_renewal_that_is_overdue_or_of_no_day_closes_like_any_other_deal(
    cast: Cast, now: Clock, won: Deal, renews_on: str | None, closes_on: str
) -> None:
    up = None if renews_on is None else dt.date.fromisoformat(renews_on)
    edit_deal(cast.ann, won.key, now=now(), changes={"renews_on": up})
    opened = open_expansion(cast.ann, won.key, deal_type="renewal", now=now()).deal
    assert (now.at.date(), opened.close_on) == (dt.date(2026, 3, 2), dt.date.fromisoformat(closes_on))


@pytest.mark.usefixtures("expanding")
def test_a_renewal_is_opened_once_and_an_upsell_as_often_as_one_likes(
    cast: Cast, now: Clock, won: Deal
) -> None:
    first = open_expansion(cast.ann, won.key, deal_type="renewal", now=now()).deal
    with pytest.raises(Refused, match=f"open already.*{first.key}"):
        open_expansion(cast.ann, won.key, deal_type="renewal", now=now())
    for _ in range(2):
        upsell = open_expansion(cast.ann, won.key, deal_type="upsell", now=now()).deal
        assert (upsell.amount, upsell.follows) == (None, won.key)
    assert Deal.objects.filter(follows=won.key).count() == 3


@pytest.mark.usefixtures("expanding")
def test_what_is_not_won_has_nothing_to_follow(cast: Cast, now: Clock, deal: Deal) -> None:
    with pytest.raises(Refused) as refused:
        open_expansion(cast.ann, deal.key, deal_type="rebate", now=now())
    assert [problem.code for problem in refused.value.problems] == ["wrong_deal_type", "not_won"]
    assert Deal.objects.count() == 1


def test_without_an_expansion_pipeline_it_says_what_to_do(cast: Cast, now: Clock, won: Deal) -> None:
    with pytest.raises(Refused, match="Publish a definition of kind expansion"):
        open_expansion(cast.ann, won.key, deal_type="renewal", now=now())


@pytest.mark.usefixtures("expanding")
def test_who_may_not_open_deals_opens_none(cast: Cast, now: Clock, won: Deal) -> None:
    with pytest.raises(NotFound):
        open_expansion(cast.otto, won.key, deal_type="renewal", now=now())
    with pytest.raises(Forbidden):
        open_expansion(cast.fay, won.key, deal_type="renewal", now=now())
    assert find_deal(cast.ann, won.key).version == won.version
    assert Deal.objects.count() == 1

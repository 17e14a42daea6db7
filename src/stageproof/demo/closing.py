"""Closing: how deals are won, lost and put off, and how late the book hears of it."""

from __future__ import annotations

import datetime as dt

from stageproof.demo.buyer import Buyer, drawn_buyer
from stageproof.demo.company import COMPETITORS, LOST_REASONS, MANAGERS, working_day
from stageproof.demo.journal import plus_days
from stageproof.demo.life import Life
from stageproof.demo.proving import agree_next_step, hear, show
from stageproof.demo.selling import advance, category, estimated_close, redate, rounded
from stageproof.demo.story import Habits, quarter_end
from stageproof.engine.definition import Criterion
from stageproof.engine.frames import day_number, day_of


def news(life: Life, day: dt.date, habits: Habits) -> None:
    """What the buyer lets us know today: a later signature, a yes, a no."""
    buyer = life.buyer
    if buyer.postpones_on is not None and buyer.postpones_on <= day:
        _hear_of_delay(life, day, habits, buyer)
    if buyer.decides_on is None or buyer.decides_on > day:
        return
    if buyer.fate == "buys":
        _sign(life, day, habits)
    elif life.refused_on is None:
        hear(life, day, "email")
        life.refused_on = day


def _hear_of_delay(life: Life, day: dt.date, habits: Habits, buyer: Buyer) -> None:
    buyer.postpone()
    hear(life, day, "email", life.member("economic_buyer"))
    later = buyer.decides_on or plus_days(day, 30)
    if habits.routine or life.chance.happens(0.5):
        life.confirmed = later
    put_off = later if life.confirmed == later else quarter_end(later)
    life.deal.change(life.now(day), life.owner, "page", close_on=day_number(put_off))


def _sign(life: Life, day: dt.date, habits: Habits) -> None:
    """The buyer signs; where the gate is enforced every proof is on record first, or a waiver is."""
    if habits.gate:
        _show_everything(life, day, habits)
    at = life.now(day)
    if habits.gate and not (life.position == life.stages - 1 and life.passes(at, life.stages)):
        return
    discount = life.chance.weighted(((0.0, 0.5), (0.03, 0.3), (0.07, 0.2)))
    life.deal.change(
        at,
        life.owner,
        "page",
        learned_after=life.late(),
        status="won",
        amount=rounded(life.worth * (1 - discount)),
        close_on=day_number(day),
        forecast_category="commit",
        next_step=None,
        next_step_on=None,
    )


def _show_everything(life: Life, day: dt.date, habits: Habits) -> None:
    """What is still missing for a signature is asked for today, and after three days waived."""
    waited = (day - (life.buyer.decides_on or day)).days
    for position in range(life.position + 1, life.stages + 1):
        for criterion in life.waits_for(life.now(day), position):
            if life.chance.happens(habits.asks * life.buyer.answers):
                show(life, day, criterion.proof, criterion)
            elif waited > 3:
                waive(life, day, criterion)
        if position < life.stages:
            advance(life, day, habits)
            if life.position < position:
                return


def waive(life: Life, day: dt.date, criterion: Criterion) -> None:
    """A manager lets the criterion pass unmet, with a reason and for two weeks."""
    until = plus_days(day, 14)
    life.waived[criterion.id] = until
    manager = MANAGERS[life.deal["team"]]
    life.journal.evidence(
        life.now(day),
        actor=manager,
        deal=life.deal["deal"],
        criterion=criterion.id,
        kind="waiver",
        what="The buyer agreed by phone; the proof follows in writing",
        given_by=manager,
        side="seller",
        expires_on=day_number(until),
        verified_by=manager,
    )


def lose(life: Life, day: dt.date, *, reason: str = "", actor: str = "") -> None:
    """The deal is lost, with a reason, and with the competitor where there was one."""
    reason = reason or life.chance.weighted(LOST_REASONS)
    rival = life.chance.one_of(COMPETITORS) if reason == "Chose a competitor" else None
    life.deal.change(
        life.now(day),
        actor or life.owner,
        "page",
        learned_after=life.late(),
        status="lost",
        close_on=day_number(day),
        lost_reason=reason,
        competitor=rival or life.deal["competitor"],
        forecast_category="omitted",
        next_step=None,
        next_step_on=None,
    )
    if life.buyer.fate == "drifts" and not life.hopeful and life.chance.happens(0.07):
        life.returns_on = working_day(plus_days(day, life.chance.whole(20, 90)))


def reopen(life: Life, day: dt.date, habits: Habits) -> None:
    """The buyer is back: the deal is open again, at the first stage, with everything to show anew."""
    life.returns_on = None
    life.buyer = drawn_buyer(
        life.chance, life.definition, created_on=day, segment=life.account.segment,
        source=life.deal["source"], buys=habits.buys,
    )  # fmt: skip
    life.position, life.confirmed, life.refused_on = 0, None, None
    hear(life, day, "email")
    life.deal.change(
        life.now(day), life.owner, "page", status="open", stage=life.definition.stages[0].name,
        lost_reason=None, forecast_category=category(0, life.stages),
        close_on=day_number(estimated_close(life, day, habits)),
    )  # fmt: skip


def own_up(life: Life, day: dt.date, habits: Habits) -> None:
    """A rep records a no that was heard, sooner or later; silence is owned up to hardly ever."""
    if life.refused_on is not None:
        if life.chance.happens(habits.owns_up):
            lose(life, day)
        return
    if habits.routine:
        return
    # Managers ask every Friday about what is committed, so silence there is owned up to sooner.
    late_stage = life.position >= life.stages - 2 and not life.hopeful
    patience, pressure = (25, 1.0) if late_stage else (45, 1 / 6)
    if (day - life.heard_on).days > patience and life.chance.happens(habits.owns_up * pressure):
        lose(life, day, reason="No decision")


def put_off(life: Life, day: dt.date, habits: Habits) -> None:
    """A close date that has come without a signature is moved, at the quarter's end or some days after."""
    due = day_of(life.deal["close_on"])
    late = due < day or (due == day and due == quarter_end(day))
    if late and life.chance.happens(0.5):
        if life.confirmed is not None and life.confirmed <= day:
            life.confirmed = None
        redate(life, day, habits)
        if life.chance.happens(habits.plans) and life.buyer.speaks_on(day):
            agree_next_step(life, day)

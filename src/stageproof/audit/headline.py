"""The headline: what in the pipeline is real, in a sentence, and up to three that support it."""

from __future__ import annotations

from typing import Any

import polars as pl

from stageproof.audit.audit import Audit
from stageproof.audit.unverified import gaps
from stageproof.charts.wording import listed, percent_text, ratio_text, share_text, short_text
from stageproof.engine.counted import count_text
from stageproof.engine.frames import day_number
from stageproof.engine.money import Money

SUPPORTING = 3
"""How many sentences support the answer at most."""
NEARLY = 0.95
"""From which share on short forms of a part and its whole may look the same."""

_CURRENCIES_SHOWN = 3
_ASKED = pl.sum_horizontal("^criteria_.*$")


def headline(audit: Audit) -> list[str]:
    """The answer first, then at most three sentences that support it."""
    if not scope(audit)["open_count"]:
        return [_nothing_open(audit), *_unconverted(audit), *_track_record(audit)][: 1 + SUPPORTING]
    if not _verifiable(audit):
        said = [*_unconverted(audit), *_unproven(audit), *_bring(audit), *_claimed(audit)]
        return [_nothing_verifiable(audit), *said[:SUPPORTING]]
    supporting = [
        *_unconverted(audit),
        *_unproven(audit),
        *_against_target(audit),
        *_unverifiable(audit),
        *_findings(audit),
    ]
    return [_answer(audit), *supporting[:SUPPORTING]]


def scope(audit: Audit) -> dict[str, Any]:
    """The open pipeline of the period, or all of it where no period is given."""
    return audit.open if audit.period_open is None else audit.period_open


def _answer(audit: Audit) -> str:
    whole, target = scope(audit), audit.coverage["target"]
    if not whole["open_amount"]:
        count = count_text(whole["open_count"], "deal")
        verb = "is" if whole["open_count"] == 1 else "are"
        real = f"{whole['qualified_count']:,} of them qualified"
        return f"{count} {verb} open{_for(audit)} without an amount; {real}."
    qualified, everything = whole["qualified_amount"], whole["qualified_amount"] == whole["open_amount"]
    real = "all" if everything else _amount(audit, qualified) if qualified else "nothing"
    lead = f"Of {_with_currency(audit, whole['open_amount'])} open{_for(audit)}, {real} is qualified"
    if target and audit.coverage["nominal"] is not None:
        held = f"{ratio_text(audit.coverage['qualified'])} of the {_amount(audit, target)} target"
        claimed = "" if everything else f", where {ratio_text(audit.coverage['nominal'])} is claimed"
        return f"{lead}: {held}{claimed}."
    share = f" ({share_text(qualified, whole['open_amount'])})" if qualified and not everything else ""
    return f"{lead}{share}{'; no target is set' if audit.period else ''}."


def _nothing_open(audit: Audit) -> str:
    count, amount = audit.open["open_count"], audit.open["open_amount"]
    if audit.period is None or not count:
        return "Nothing is open."
    subject = "the one open deal has" if count == 1 else f"none of the {count:,} open deals has"
    no, nor = ("no ", "and no ") if count == 1 else ("a ", "or an ")
    if audit.deals["close_on"].null_count() < count:
        date = f"a close date {'outside' if count == 1 else 'inside'} it"
        worth = f"; {'it is' if count == 1 else 'together they are'} worth {_with_currency(audit, amount)}"
    else:
        date, worth = f"{no}close date", f"; worth {_with_currency(audit, amount)}"
    without = audit.open["unpriced_count"] == count
    return (
        f"Nothing is open for {audit.period.name}: {subject} {date}{f' {nor}amount' if without else worth}."
    )


def _unconverted(audit: Audit) -> list[str]:
    """What is in no figure for want of a rate: said at once, for it may be most of the pipeline."""
    rows = list(audit.without_rate.iter_rows(named=True))
    if not rows:
        return []
    worth = listed([Money(row["amount"], row["currency"]).short() for row in rows[:_CURRENCIES_SHOWN]], "and")
    more = " and more" if len(rows) > _CURRENCIES_SHOWN else ""
    deals = count_text(sum(row["deals"] for row in rows), "deal")
    return [f"Not counted: {worth}{more} in {deals}, for no rate to {audit.pipeline.currency} is known."]


def _track_record(audit: Audit) -> list[str]:
    done = audit.bookings if audit.period_bookings is None else audit.period_bookings
    sentences = []
    if done["won_count"]:
        won = (
            f"{_with_currency(audit, done['won_amount'])} in {count_text(done['won_count'], 'deal')} was won"
        )
        target = audit.coverage["target"]
        against = f", {share_text(done['won_amount'], target)} of the target" if target else ""
        sentences.append(f"{won}{_for(audit)}{against}.")
    if audit.win_rate["by_count"] is not None:
        sentences.append(f"The win rate is {percent_text(audit.win_rate['by_count'], 0)} of what has closed.")
    return sentences


def _verifiable(audit: Audit) -> bool:
    """Whether the stage of any deal could be judged; one that has nothing to prove yet was not."""
    deals = _deals(audit)
    judged = deals.filter(_ASKED > 0, pl.col("qualification") != "unverifiable")
    return not judged.is_empty() or deals.filter(pl.col("qualification") == "unverifiable").is_empty()


def _deals(audit: Audit) -> pl.DataFrame:
    if audit.period is None:
        return audit.deals
    first, last = day_number(audit.period.starts_on), day_number(audit.period.ends_on)
    return audit.deals.filter(pl.col("close_on").is_between(first, last))


def _nothing_verifiable(audit: Audit) -> str:
    whole = scope(audit)
    missing = [gap.lacks for gap in gaps(audit)]
    reason = f"the files hold no {listed(missing, 'or')}" if missing else "no stage of the deals is defined"
    if not whole["open_amount"]:
        return (
            f"{count_text(whole['open_count'], 'open deal')}{_for(audit)}, none of them verifiable: {reason}."
        )
    lead = f"Of {_with_currency(audit, whole['open_amount'])} open{_for(audit)}, nothing can be verified"
    return f"{lead}: {reason}."


def _bring(audit: Audit) -> list[str]:
    missing = gaps(audit)
    if not missing:
        return ["Give a definition whose stages have the names that the files use."]
    return ["To learn what is real: " + " ".join(gap.bring for gap in missing[:2])]


def _claimed(audit: Audit) -> list[str]:
    if audit.coverage["nominal"] is None:
        return _track_record(audit)[-1:]
    claimed, target = ratio_text(audit.coverage["nominal"]), _amount(audit, audit.coverage["target"])
    return [f"Coverage of {claimed} of the {target} target is claimed, and nothing in the files supports it."]


def _unproven(audit: Audit) -> list[str]:
    """Qualified only because their stage is the first: said, lest the headline flatter."""
    deals = _deals(audit).filter(pl.col("qualification") == "qualified", _ASKED == 0)
    amount = int(deals["value"].sum())
    if not amount:
        return []
    whole, much = scope(audit)["qualified_amount"], _amount(audit, amount)
    part = "All" if amount == whole else "Nearly all" if amount >= NEARLY * whole else much
    return [f"{part} of what is qualified is in a stage where nothing had to be proven yet."]


def _against_target(audit: Audit) -> list[str]:
    cover, rate = audit.coverage, audit.win_rate["by_count"]
    needed = None if cover["needed"] is None else f"a win rate of {percent_text(rate, 0)} asks for"
    if not cover["target"]:
        return [f"For each 1 of target, {needed} {cover['needed']:.1f} of pipeline."] if needed else []
    won, target = cover["won_amount"], cover["target"]
    if won >= target:
        return [f"The target of {_amount(audit, target)} is reached: {_amount(audit, won)} is won."]
    so_far = f"{_amount(audit, won)} is won so far" if won else "Nothing is won so far"
    left = f"the {_amount(audit, target - won)} that remains is covered {ratio_text(cover['remaining'])}"
    asked = f", where {needed} {ratio_text(cover['needed'])}" if needed else ""
    return [f"{so_far}; {left}{asked}."]


def _unverifiable(audit: Audit) -> list[str]:
    amount, missing = scope(audit)["unverifiable_amount"], [gap.lacks for gap in gaps(audit)]
    if not amount:
        return []
    reason = (
        f"the files hold no {listed(missing, 'or')}" if missing else "their stage is not in the definition"
    )
    return [f"{_amount(audit, amount)} can be neither proven nor refuted: {reason}."]


def _findings(audit: Audit) -> list[str]:
    found = audit.monday.findings["deal"].n_unique()
    if not found:
        return ["None of the four checks has a finding."]
    whole = count_text(audit.open["open_count"], "open deal")
    return [f"The four checks found something on {found:,} of {whole}."]


def _for(audit: Audit) -> str:
    return f" for {audit.period.name}" if audit.period is not None else ""


def _amount(audit: Audit, amount: int) -> str:
    return short_text(amount, audit.pipeline.currency)


def _with_currency(audit: Audit, amount: int) -> str:
    return f"{_amount(audit, amount)} {audit.pipeline.currency}"

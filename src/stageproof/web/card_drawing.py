"""Cards drawn in Python: a board has a hundred of them, and is to be there at once."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from django import template
from django.template.context import Context
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from stageproof.engine.counted import count_text
from stageproof.engine.money import Money
from stageproof.web.as_of import Moment
from stageproof.web.cards import Card, Risk
from stageproof.web.formats import day, icon

register = template.Library()
BRIEFLY = {
    "unconfirmed": "Date not confirmed",
    "pushed": "Date pushed again",
    "too_soon": "Closes too soon",
    "too_long_in_stage": "Too long in stage",
    "ghost": "Older than any won",
    "amount_high": "Amount far above",
    "amount_low": "Amount far below",
}
"""What is the matter in the few words that a card has room for; the whole stands on hover, and on the deal."""
SHOWN_RISKS = 1


@register.simple_tag(takes_context=True)
def drawn(context: Context, cards: Iterable[Card], moment: Moment, movable: bool) -> SafeString:
    """The cards as list items, in order."""
    return mark_safe("".join(_card(context, card, moment, movable) for card in cards))  # noqa: S308 (each part is escaped)


def _card(context: Context, card: Card, moment: Moment, movable: bool) -> str:
    key, name = escape(card.key), escape(card.name)
    link = reverse("deal", args=[card.key])
    move = (
        f'<a class="icon-button move" href="{link}/move" data-move title="Move (m)">{icon("more")}'
        f'<span class="heard">Move {name}</span></a>'
        if movable
        else ""
    )
    return (
        f'<li class="deal-card" id="card-{key}" data-key="{key}" data-version="{card.version}" data-step tabindex="-1">'
        f'<a class="card-name" href="{link}{moment.query}" draggable="false">{escape(card.account or card.name)}</a>'
        f"{move}"
        f'<p class="card-what cut">{escape(card.what) if card.account else ""}</p>'
        f'<p class="card-line"><b class="money-line">{_money(card)}</b><span>{day(context, card.close_on)}</span></p>'
        f'<p class="card-line small">{_proof(card)}{_stay(card)}{_owner(card)}</p>{_marks(card)}</li>'
    )


def _money(card: Card) -> str:
    if card.amount is None:
        return '<span class="nothing">no amount</span>'
    worth = Money(card.amount, card.currency)
    return f'<span title="{worth.exact()}">{worth.short()}</span>'


def _proof(card: Card) -> str:
    if not card.of:
        return "<span></span>"
    dots = "".join('<i class="on"></i>' if dot else "<i></i>" for dot in card.dots)
    missing = (
        f"Missing: {escape(card.missing)}" if card.missing else "Everything that this stage asks for is shown"
    )
    full = " full" if card.met == card.of else ""
    return (
        f'<span class="proof{full}" title="{missing}"><span class="dots" aria-hidden="true">{dots}</span>'
        f"{card.met}/{card.of}"
        f'<span class="heard"> criteria met. {missing}.</span></span>'
    )


def _stay(card: Card) -> str:
    if card.days is None:
        return "<span></span>"
    usual = f"; {card.norm} are usual" if card.norm else ""
    norm = f'<span class="norm"> / {card.norm}</span>' if card.norm else ""
    late = " late" if card.late else ""
    stayed = count_text(card.days, "day")
    return (
        f'<span class="stay{late}" title="{stayed} in this stage{usual}">{icon("clock")}{card.days} d{norm}'
        f"{'<span class=heard>, longer than usual</span>' if card.late else ''}</span>"
    )


def _owner(card: Card) -> str:
    if not card.owner:
        return '<span class="nothing">no owner</span>'
    owner = escape(card.owner)
    return (
        f'<span class="initial" title="{owner}"><span aria-hidden="true">{escape(card.initials)}</span>'
        f'<span class="heard">Owner {owner}</span></span>'
    )


def _marks(card: Card) -> str:
    if not card.risks and not card.behind:
        return ""
    marks = ""
    if card.behind:
        count = f"{card.behind} {'criterion' if card.behind == 1 else 'criteria'}"
        said = f"{count} of earlier stages not met"
        marks = f'<span class="tag bad" title="{said}">{icon("unmet")}{card.behind} behind</span>'
    # One mark has room for its words.
    shown = 0 if card.behind else SHOWN_RISKS
    marks += "".join(_risk(risk) for risk in card.risks[:shown])
    rest = card.risks[shown:]
    if rest:
        said = escape(". ".join(risk.label for risk in rest))
        marks += (
            f'<span class="tag risk" title="{said}">+{len(rest)}<span class="heard">: {said}</span></span>'
        )
    return f'<p class="card-risks">{marks}</p>'


def _risk(risk: Risk) -> str:
    label = f'<span class="cut">{escape(BRIEFLY.get(risk.code, risk.label))}</span>'
    return f'<span class="tag risk" title="{escape(risk.label)}: {escape(risk.seen)}">{icon("risk")}{label}</span>'

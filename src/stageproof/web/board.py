"""Board: the open deals in columns by stage, to be moved by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import polars as pl
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from stageproof.actions.actor import Actor
from stageproof.actions.conflict import NotFound
from stageproof.actions.deals import NO_DEALS
from stageproof.actions.permission import may_edit_any
from stageproof.engine.definition import Definition
from stageproof.engine.problem import Problem, Refused
from stageproof.web.answers import actor_of
from stageproof.web.as_of import Moment, moment_of
from stageproof.web.cards import Card, cards
from stageproof.web.deal_list import DealList, deal_list, open_deals, scope, totals, visible
from stageproof.web.filters import Filters
from stageproof.web.frame import address_for
from stageproof.web.policy import EVERYONE, policy
from stageproof.web.saved_views import views_of

FIRST, MORE = 12, 30
"""How many cards a column shows at once, and how many come as it scrolls."""

UNKNOWN = -1


@dataclass(frozen=True)
class Column:
    """A stage with what stands in it: the totals are of all its deals, the cards are the first of them."""

    position: int
    name: str
    norm_days: int | None
    deals: int
    amount: int
    qualified: int
    cards: list[Card]
    following: int | None
    is_called_so: bool
    """Whether all of its deals name its stage as the definition does, so that a measure by stage counts the same."""

    @property
    def share(self) -> int:
        """The qualified share of the amount in whole percent."""
        return round(100 * self.qualified / self.amount) if self.amount else 0


@dataclass(frozen=True)
class Board:
    """What a person sees of one pipeline at a moment, filtered."""

    actor: Actor
    moment: Moment
    listed: DealList
    definition: Definition
    filters: Filters
    seen: pl.DataFrame
    deals: pl.DataFrame

    @property
    def editable(self) -> bool:
        return self.moment.is_now and may_edit_any(self.actor)

    @property
    def opens(self) -> bool:
        """Whether deals can be created here."""
        return self.moment.is_now and self.actor.may_write and self.actor.role not in NO_DEALS

    def columns(self, only: set[int] | None = None, first: int = FIRST) -> list[Column]:
        """The columns in order, or some of them; last the deals in a stage that the definition does not know."""
        sums = {row["position"]: row for row in totals(self.deals, ["position"]).iter_rows(named=True)}
        stages = {place: (stage.name, stage.norm_days) for place, stage in enumerate(self.definition.stages)}
        if UNKNOWN in sums:
            stages[UNKNOWN] = ("Other stages", None)
        shown = {place: named for place, named in stages.items() if only is None or place in only}
        drawn = self._first(first) if first else {}
        called = self._called()
        return [
            self._column(place, *named, sums.get(place, {}), drawn.get(place, []), called.get(place, set()))
            for place, named in shown.items()
        ]

    def _column(
        self,
        place: int,
        name: str,
        norm: int | None,
        sums: Mapping[str, Any],
        drawn: list[Card],
        called: set[str | None],
    ) -> Column:
        count = sums.get("deals", 0)
        following = len(drawn) if drawn and len(drawn) < count else None
        return Column(
            place, name, norm, count, sums.get("amount", 0), sums.get("qualified", 0), drawn, following,
            called <= {name},
        )  # fmt: skip

    def _called(self) -> dict[int, set[str | None]]:
        """What the deals of each column call its stage."""
        found: dict[int, set[str | None]] = defaultdict(set)
        for place, stage in self.deals.select("position", "stage").unique().iter_rows():
            found[place].add(stage)
        return found

    def _first(self, count: int) -> dict[int, list[Card]]:
        """The first cards of every column, by its position, in one go."""
        places = (
            self.deals.select("position").with_row_index("place").group_by("position", maintain_order=True)
        )
        # Found by where they stand, for to group the deals is to copy all their columns.
        rows = self.deals[places.head(count)["place"]]
        found: dict[int, list[Card]] = defaultdict(list)
        for place, card in zip(rows["position"], self._cards(rows), strict=True):
            found[place].append(card)
        return found

    def _cards(self, rows: pl.DataFrame) -> list[Card]:
        return cards(self.listed, self.definition, rows, editable=self.editable)

    def cards(self, position: int, offset: int, count: int) -> tuple[list[Card], int | None]:
        """Some cards of a column, largest amount first, and where the next ones begin."""
        here = self.deals.filter(pl.col("position") == position)
        following = offset + count
        return self._cards(here.slice(offset, count)), following if following < here.height else None

    def card(self, key: str) -> list[Card]:
        """The card of one deal; none where the filters leave it out."""
        return self._cards(self.deals.filter(pl.col("deal") == key))


@policy(*EVERYONE)
@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """The board as a page."""
    request.place = "board"  # type: ignore[attr-defined]
    actor, moment = actor_of(request), moment_of(request)
    if not moment.pipeline.definitions:
        return render(request, "board_without_definition.html", {})
    shown = board_of(actor, moment, request.GET.dict())
    whole = totals(shown.deals).row(0, named=True)
    context = {
        "board": shown,
        "columns": shown.columns(),
        "whole": whole,
        "share": round(100 * whole["qualified"] / whole["amount"]) if whole["amount"] else 0,
        "filters": shown.filters.choices(
            moment.pipeline, shown.seen, f"board {scope(actor)} {shown.definition.pipeline}"
        ),
        "filtered": bool(shown.filters.as_dict),
        "pipelines": [each.pipeline for each in moment.pipeline.definitions],
        "views": views_of(actor, "board"),
        "any_deal": shown.seen.height > 0,
        "imports": address_for(actor.role, "imports"),
    }
    return render(request, "board.html", context)


@policy(*EVERYONE)
@require_safe
def column(request: HttpRequest) -> HttpResponse:
    """More cards of one column, for when it scrolls."""
    moment = moment_of(request)
    shown = board_of(actor_of(request), moment, request.GET.dict())
    position, offset = whole_number(request, "stage"), whole_number(request, "offset")
    found, following = shown.cards(position, max(offset, 0), MORE)
    context = {"board": shown, "cards": found, "following": following, "position": position}
    return render(request, "partials/cards.html", context)


def board_of(actor: Actor, moment: Moment, asked: Mapping[str, str]) -> Board:
    """The board of the pipeline asked for, or of the first one; NotFound where no definition has that name."""
    definitions = {each.pipeline: each for each in moment.pipeline.definitions}
    wanted = asked.get("pipeline") or next(iter(definitions))
    if wanted not in definitions:
        raise NotFound("pipeline", wanted)
    listed = deal_list(moment.pipeline)
    open_here = open_deals(moment.pipeline)
    if len(definitions) > 1:
        of_it = pl.col("pipeline") == wanted
        open_here = moment.pipeline.remember(
            f"open deals of {wanted}", lambda: open_deals(moment.pipeline).filter(of_it)
        )
    seen = visible(actor, moment, open_here)
    filters = Filters.of(asked)
    return Board(
        actor, moment, listed, definitions[wanted], filters, seen, filters.apply(moment.pipeline, seen)
    )


def board_shown(request: HttpRequest, moment: Moment) -> Board:
    """The board that is open in the browser that sent a request."""
    query = parse_qs(urlsplit(request.headers.get("HX-Current-URL", "")).query)
    asked = {name: values[-1] for name, values in query.items() if name != "as_of"}
    return board_of(actor_of(request), moment, asked)


def whole_number(request: HttpRequest, name: str, otherwise: int = 0) -> int:
    """A whole number from the query string; refused where it is none."""
    text = request.GET.get(name, "")
    try:
        return int(text) if text else otherwise
    except ValueError:
        says = f"'{text[:20]}' is not a whole number."
        raise Refused(
            [Problem(f"wrong_{name}", says, "Follow the links of the page.", column=name)]
        ) from None

"""The definition's pages: read by everyone, drafted, tried and published by whom it is to define."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from stageproof.actions.definitions import draft_definition, publish_definition
from stageproof.engine.definition import read_definition, write_definition
from stageproof.engine.proof import sentence
from stageproof.engine.templates import NAMES, template, template_text
from stageproof.records.models import Deal, DefinitionVersion
from stageproof.web.definition_form import form_of, named, toml_of
from stageproof.web.proof_form import table_of
from tests.web.conftest import PART, Cast, Clock, text_of

At = Callable[[str], Client]


def draft(cast: Cast, now: Clock, toml: str | None = None) -> DefinitionVersion:
    """A draft of the published version, or of another text."""
    published = DefinitionVersion.objects.get(version=1)
    return draft_definition(cast.olga, toml=toml or published.toml, now=now()).row


def posted(row: DefinitionVersion) -> dict[str, Any]:
    """What the form of a draft sends as it stands."""
    form = named(form_of(row.toml))
    given: dict[str, Any] = {
        "drafted_at": row.drafted_at.isoformat(), "owner": form.owner, "framework": form.frameworks,
        "waiver_role": form.waiver_roles, "waiver_days": form.waiver_days,
    }  # fmt: skip
    for stage in form.stages:
        for name in ("name", "norm_days", "band", "quiet_days", "aliases"):
            given[stage.prefix + name] = getattr(stage, name)
        for each in stage.exit:
            given |= {
                each.prefix + "id": each.id,
                each.prefix + "says": each.says,
                each.prefix + "kind": each.kind,
            }
            for proof in (each, *each.parts):
                given[proof.prefix + "kind"] = proof.kind
                given |= {proof.prefix + name: text for name, text in proof.given.items() if text}
    given |= {f"rule-{rule.name}": rule.text for rule in form.rules}
    return given


def address(row: DefinitionVersion, *more: str) -> str:
    return "/".join(("/definition/drafts", str(row.pk), *more))


# Reading


@pytest.mark.parametrize("who", ["ann", "mia", "olga", "max", "fay", "eve", "ada"])
def test_everyone_reads_every_stage_and_criterion_with_its_sentence(at: At, cast: Cast, who: str) -> None:
    page = text_of(at(who).get("/definition")).casefold()
    definition = read_definition(DefinitionVersion.objects.get().toml)
    for stage, criterion in definition.all_criteria:
        assert stage.name.casefold() in page
        assert criterion.says.casefold() in page
        assert sentence(criterion.proof).casefold() in page
    assert "olga novak" in page


def test_only_whom_it_is_to_define_is_offered_to_change_it_and_sees_drafts(
    at: At, cast: Cast, now: Clock
) -> None:
    row = draft(cast, now)
    assert "Change the definition" in text_of(at("olga").get("/definition"))
    assert f"There is a draft, version {row.version}" in text_of(at("ada").get("/definition"))
    page = text_of(at("ann").get("/definition"))
    assert "Change the definition" not in page
    assert "draft" not in page.casefold()
    assert at("ann").get("/definition?version=2").status_code == 404


@pytest.mark.parametrize("who", ["ann", "mia", "max", "fay", "eve"])
def test_nobody_else_drafts_edits_discards_or_publishes(at: At, cast: Cast, now: Clock, who: str) -> None:
    row = draft(cast, now)
    before = list(DefinitionVersion.objects.values())
    client = at(who)
    for path in (address(row), address(row, "toml"), address(row, "effect"), "/definition/begin"):
        assert client.get(path).status_code == 403
    for path, given in (
        ("/definition/new", {"version": 1}), (address(row), posted(row)), (address(row, "discard"), {}),
        (address(row, "toml"), {"toml": row.toml}), (address(row, "effect"), {"effective_from": "2026-03-02"}),
    ):  # fmt: skip
        assert client.post(path, given).status_code == 403
    assert list(DefinitionVersion.objects.values()) == before


def test_without_a_definition_templates_are_offered_and_others_are_told_whom_to_ask(
    at: At, cast: Cast
) -> None:
    DefinitionVersion.objects.all().delete()
    page = at("olga").get("/definition").content.decode()
    assert all(f'value="{name}"' in page for name in NAMES)
    assert "The pipeline owner is Olga Novak" in text_of(at("ann").get("/definition"))


def test_a_template_begins_a_draft_under_a_name_and_an_owner(at: At, cast: Cast) -> None:
    given = {"template": "smb", "name": "Small business", "owner": "olga@northwind.example"}
    response = at("olga").post("/definition/new", given)
    row = DefinitionVersion.objects.get(pipeline="Small business")
    assert response["Location"] == address(row)
    made, meant = read_definition(row.toml), template("smb")
    assert made.stages == meant.stages
    assert made.owner == "olga@northwind.example"
    assert row.published_at is None


def test_everyone_as_the_owner_is_refused_and_nothing_is_made(at: At, cast: Cast) -> None:
    response = at("olga").post("/definition/new", {"template": "smb", "name": "Small", "owner": "everyone"})
    assert response.status_code == 422
    assert "The owner must be one person, and “everyone” is nobody in particular." in text_of(response)
    assert not DefinitionVersion.objects.filter(pipeline="Small").exists()


# The form


@pytest.mark.parametrize("name", NAMES)
def test_a_form_that_nobody_touched_makes_the_same_definition(name: str) -> None:
    assert read_definition(toml_of(form_of(template_text(name)))) == template(name)


@pytest.mark.parametrize(
    ("kind", "given", "table"),
    [
        ("evidence", {"evidence": "pain", "from": "buyer", "within_days": "90", "verified": "on"},
         {"evidence": "pain", "from": "buyer", "within_days": 90, "verified": True}),
        ("role", {"role": "champion", "engaged_within_days": ""}, {"role": "champion"}),
        ("activity", {"activity": "call", "side": "", "count": "2", "within_days": "7"},
         {"activity": "call", "count": 2, "within_days": 7}),
        ("next_step", {"next_step_within_days": "soon"}, {"next_step_within_days": "soon"}),
        ("field", {"field": "amount", "test": "at_least", "value": "10,000", "currency": "eur"},
         {"field": "amount", "at_least": 10_000, "currency": "EUR"}),
        ("field", {"field": "close_on", "test": "at_most", "value": "2026-12-31"},
         {"field": "close_on", "at_most": dt.date(2026, 12, 31)}),
        ("field", {"field": "source", "test": "one_of", "value": "Referral, Event"},
         {"field": "source", "one_of": ["Referral", "Event"]}),
        ("field", {"field": "lost_reason", "test": "blank"}, {"field": "lost_reason", "present": False}),
        ("toml", {"toml": '{ not = { field = "competitor", present = true } }'},
         {"not": {"field": "competitor", "present": True}}),
    ],
)  # fmt: skip
def test_the_fields_of_a_proof_make_its_table(
    kind: str, given: dict[str, str], table: dict[str, Any]
) -> None:
    assert table_of(kind, given) == (table, [])


def test_the_saved_form_changes_what_was_typed_and_nothing_else(at: At, cast: Cast, now: Clock) -> None:
    row = draft(cast, now)
    before = read_definition(row.toml)
    given = posted(row) | {"s-1-norm_days": "28", "s-0-c-0-says": "The buyer wrote back", "do": "save"}
    assert at("olga").post(address(row), given)["Location"] == address(row)
    row.refresh_from_db()
    after = read_definition(row.toml)
    assert after.stages[1].norm_days == 28
    assert after.stages[0].exit[0].says == "The buyer wrote back"
    assert after.stages[0].exit[0].id == before.stages[0].exit[0].id
    assert after.stages[2:] == before.stages[2:]
    assert after.rules == before.rules


def shown_names(response: Any) -> list[str]:
    return re.findall(r'name="s-\d+-name" value="([^"]*)"', response.content.decode())


@pytest.mark.parametrize(
    ("do", "names"),
    [
        ("down:0", ["Discovery", "Prospecting", "Qualification", "Proposal", "Negotiation", "Contracting"]),
        ("up:5", ["Prospecting", "Discovery", "Qualification", "Proposal", "Contracting", "Negotiation"]),
        ("up:0", ["Prospecting", "Discovery", "Qualification", "Proposal", "Negotiation", "Contracting"]),
        ("remove-stage:3", ["Prospecting", "Discovery", "Qualification", "Negotiation", "Contracting"]),
        (
            "add-stage",
            ["Prospecting", "Discovery", "Qualification", "Proposal", "Negotiation", "Contracting", ""],
        ),
    ],
)
def test_buttons_rearrange_what_is_typed_without_saving_it(
    at: At, cast: Cast, now: Clock, do: str, names: list[str]
) -> None:
    row = draft(cast, now)
    response = at("olga").post(address(row), posted(row) | {"do": do})
    assert response.status_code == 200
    assert shown_names(response) == names
    assert "Not saved yet" in text_of(response)
    kept = row.toml
    row.refresh_from_db()
    assert row.toml == kept


def test_a_criterion_is_added_with_an_id_of_its_own_words(at: At, cast: Cast, now: Clock) -> None:
    row = draft(cast, now)
    given = posted(row) | {
        "s-5-c-1-id": "", "s-5-c-1-says": "The buyer booked the kick-off", "s-5-c-1-kind": "evidence",
        "s-5-c-1-evidence": "kick off", "s-5-c-1-from": "buyer", "s-5-c-1-within_days": "30", "do": "save",
    }  # fmt: skip
    at("olga").post(address(row), given)
    row.refresh_from_db()
    made = read_definition(row.toml).stages[5].exit[1]
    assert (made.id, made.says) == ("buyer_booked_kick_off", "The buyer booked the kick-off")
    assert sentence(made.proof) == "evidence of kick off from the buyer in the last 30 days"


def test_every_problem_stands_beside_its_field_and_nothing_is_saved(at: At, cast: Cast, now: Clock) -> None:
    row = draft(cast, now)
    given = posted(row) | {
        "s-0-norm_days": "a while", "s-1-name": "Prospecting", "s-2-c-0-kind": "toml", "s-2-c-0-toml": "{ any_of = [",
        "owner": "everyone", "do": "save",
    }  # fmt: skip
    response = at("olga").post(address(row), given)
    assert response.status_code == 422
    body = response.content.decode()
    stages = re.split(r'<li class="stage"', body)
    assert "“norm_days” cannot be “a while”." in stages[1]
    assert "“Prospecting” already names stage 1" in stages[2]
    assert "This is not a proof in TOML" in stages[3]
    assert "The owner must be one person" in stages[0]
    kept = row.toml
    row.refresh_from_db()
    assert row.toml == kept


def test_a_seller_s_action_is_warned_of_beside_its_criterion(at: At, cast: Cast, now: Clock) -> None:
    row = draft(cast, now)
    response = at("olga").post(
        address(row), posted(row) | {"s-1-c-0-says": "We sent a proposal", "do": "check"}
    )
    criteria = re.split(r'<li class="exit-form"', response.content.decode())
    warned = [place for place, part in enumerate(criteria) if 'data-code="sellers_action"' in part]
    assert warned == [4]


def test_the_other_s_save_is_not_overwritten(at: At, cast: Cast, now: Clock) -> None:
    row = draft(cast, now)
    mine = posted(row) | {"s-0-norm_days": "3", "do": "save"}
    at("ada").post(address(row), posted(row) | {"s-0-norm_days": "5", "do": "save"})
    response = at("olga").post(address(row), mine)
    assert response.status_code == 409
    assert "ada@northwind.example" in text_of(response)
    row.refresh_from_db()
    assert read_definition(row.toml).stages[0].norm_days == 5


def test_the_toml_and_the_form_are_the_same_draft(at: At, cast: Cast, now: Clock) -> None:
    row = draft(cast, now)
    text = row.toml.replace('name = "Discovery"', 'name = "Exploration"')
    at("olga").post(address(row, "toml"), {"toml": text, "drafted_at": row.drafted_at.isoformat()})
    assert shown_names(at("olga").get(address(row)))[1] == "Exploration"


def test_what_is_wrong_with_the_toml_is_told_by_its_line(at: At, cast: Cast, now: Clock) -> None:
    row = draft(cast, now)
    lines = row.toml.splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("norm_days"))
    lines[place] = "norm_days = ="
    response = at("olga").post(address(row, "toml"), {"toml": "\n".join(lines)})
    assert response.status_code == 422
    assert f"Line {place + 1}" in text_of(response)
    assert "norm_days = =" in response.content.decode()


def test_a_script_gets_the_refused_form_in_its_place_and_the_saved_one_as_a_page(
    at: At, cast: Cast, now: Clock
) -> None:
    row = draft(cast, now)
    refused = at("olga").post(address(row), posted(row) | {"s-0-name": "", "do": "save"}, **PART)
    assert (refused.status_code, refused["HX-Retarget"]) == (422, "#draft")
    saved = at("olga").post(address(row), posted(row) | {"do": "effect"}, **PART)
    assert (saved.status_code, saved["HX-Redirect"]) == (204, address(row, "effect"))


def test_a_discarded_draft_is_gone_and_a_published_version_stays(at: At, cast: Cast, now: Clock) -> None:
    row, published = draft(cast, now), DefinitionVersion.objects.get(version=1)
    assert at("olga").post(address(row, "discard")).status_code == 302
    assert at("olga").post(address(published, "discard")).status_code == 422
    assert [each.version for each in DefinitionVersion.objects.all()] == [1]


# Versions and publication


def stricter(toml: str) -> str:
    """The definition that asks for a meeting before a deal leaves its first stage."""
    definition = read_definition(toml)
    text = write_definition(definition)
    return text.replace(
        '{ activity = "any", side = "buyer" }', '{ activity = "meeting", side = "buyer", count = 9 }'
    )


def test_any_two_versions_are_compared_in_sentences(at: At, cast: Cast, now: Clock) -> None:
    row = draft(
        cast, now, DefinitionVersion.objects.get().toml.replace("norm_days = 14", "norm_days = 10", 1)
    )
    publish_definition(cast.olga, row.pipeline, 2, effective_from=dt.date(2026, 3, 2), now=now())
    page = text_of(at("ann").get("/definition?before=1&after=2"))
    assert "The norm of Prospecting is 10 days, before 14 days." in page
    back = text_of(at("ann").get("/definition?before=2&after=1"))
    assert "The norm of Prospecting is 14 days, before 10 days." in back
    assert at("ann").get("/definition?before=1&after=7").status_code == 404


def test_the_effect_names_the_deals_that_lose_their_qualification(
    at: At, cast: Cast, now: Clock, ready: Callable[[], Deal]
) -> None:
    from stageproof.actions.deals import move_deal

    deal = ready()
    move_deal(cast.ann, deal.key, to="Discovery", now=now())
    row = draft(cast, now, stricter(DefinitionVersion.objects.get().toml))
    response = at("olga").get(address(row, "effect"))
    page = text_of(response)
    assert "Lose their qualification 1" in page
    assert f'href="/deals/{deal.key}"' in response.content.decode()
    # 50,000.00 EUR were qualified, and nothing would be.
    assert "Qualified 50.0k 50,000.00 EUR 0 0.00 EUR −50.0k −50,000.00 EUR" in page
    assert "asks for more" in page


def test_fifty_deals_are_shown_at_a_time_and_all_are_counted(
    at: At, cast: Cast, now: Clock, deal: Deal
) -> None:
    from stageproof.actions.deals import create_deal

    for number in range(52):
        facts = {
            "name": f"Deal {number:02}",
            "account": deal.account,
            "amount": number * 100,
            "close_on": deal.close_on,
        }
        create_deal(cast.ann, now=now(), facts=facts)
    text = DefinitionVersion.objects.get().toml
    row = draft(
        cast, now, text.replace('name = "Prospecting"', 'name = "Prospects"').replace('"Prospect", ', "")
    )
    first, second = (at("olga").get(f"{address(row, 'effect')}?show=without&page={page}") for page in (1, 2))
    assert "1–50 of 53 deals" in text_of(first)
    assert "51–53 of 53 deals" in text_of(second)
    keys = [set(re.findall(r'href="/deals/([^"]+)"', page.content.decode())) for page in (first, second)]
    assert [len(each) for each in keys] == [50, 3]
    assert not keys[0] & keys[1]


def test_a_stage_that_deals_stand_in_does_not_vanish_without_a_successor(
    at: At, cast: Cast, now: Clock, deal: Deal
) -> None:
    form = form_of(DefinitionVersion.objects.get().toml)
    del form.stages[0]
    row = draft(cast, now, toml_of(form))
    client = at("olga")
    assert "Prospecting, 1 open deal" in text_of(client.get(address(row, "effect")))
    refused = client.post(address(row, "effect"), {"effective_from": "2026-03-02"})
    assert refused.status_code == 422
    assert "1 open deal stands in Prospecting, which the draft does not have." in text_of(refused)
    tried = client.get(f"{address(row, 'effect')}?to-Prospecting=Discovery")
    assert "Lose their stage 0" in text_of(tried)
    done = client.post(
        address(row, "effect"), {"effective_from": "2026-03-02", "to-Prospecting": "Discovery"}
    )
    assert done.status_code == 302
    row.refresh_from_db()
    assert read_definition(row.toml).stage("Prospecting") == read_definition(row.toml).stages[0]


@pytest.mark.parametrize(
    ("day", "says"),
    [
        ("2026-03-01", "A definition cannot take effect in the past"),
        ("", "'' is not a date."),
        ("soon", "'soon' is not a date."),
    ],
)
def test_a_day_that_cannot_be_is_refused(at: At, cast: Cast, now: Clock, day: str, says: str) -> None:
    row = draft(cast, now)
    response = at("olga").post(address(row, "effect"), {"effective_from": day})
    assert response.status_code == 422
    assert says in text_of(response)
    row.refresh_from_db()
    assert row.published_at is None


def test_what_is_published_for_later_is_shown_as_to_come(at: At, cast: Cast, now: Clock) -> None:
    row = draft(cast, now)
    at("olga").post(address(row, "effect"), {"effective_from": "2026-04-01"})
    page = text_of(at("ann").get("/definition"))
    assert "In force Version 1" in page
    assert "Version 2 takes effect on Wed 1 Apr" in page
    assert at("olga").get(address(row)).status_code == 302


def test_a_published_version_is_not_edited_by_its_old_form(at: At, cast: Cast, now: Clock) -> None:
    row = draft(cast, now)
    given = posted(row) | {"s-0-norm_days": "3", "do": "save"}
    publish_definition(cast.olga, row.pipeline, row.version, effective_from=dt.date(2026, 3, 2), now=now())
    response = at("olga").post(address(row), given)
    assert response.status_code == 422
    assert "what is published never changes" in text_of(response)


def test_an_unknown_draft_is_not_found(at: At, cast: Cast) -> None:
    assert at("olga").get("/definition/drafts/999").status_code == 404

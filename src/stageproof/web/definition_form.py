"""A definition as a form: what was typed, kept as it is, and the TOML that it makes."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import tomli_w

from stageproof.engine.definition import Criterion, Definition, read_definition, write_definition
from stageproof.engine.definition_check import check_definition
from stageproof.engine.problem import Problem, Refused
from stageproof.engine.proof import sentence
from stageproof.web.ideal_form import IdealForm, ideal_form, typed_ideal
from stageproof.web.proof_form import BEGINS, JOINS, NAMES, SUGGESTED, fields_of, joined, parts_of, table_of
from stageproof.web.rules_form import RuleField, rule_fields, rules_table, typed_rules


@dataclass
class ProofForm:
    """A proof as typed: its kind and the fields of it, or the proofs that it joins."""

    kind: str = "evidence"
    given: dict[str, str] = field(default_factory=lambda: dict(BEGINS["evidence"]))
    parts: list[ProofForm] = field(default_factory=list)
    prefix: str = ""

    @property
    def joins(self) -> bool:
        return self.kind in JOINS

    @property
    def choices(self) -> list[tuple[str, str]]:
        """What the first field of the kind offers, with what it holds already."""
        offered = SUGGESTED.get(self.kind, [])
        held = self.given.get(self.kind, "")
        return offered if not held or held in dict(offered) else [*offered, (held, held.replace("_", " "))]


@dataclass
class CriterionForm(ProofForm):
    """A criterion as typed; `asks` is its proof in words where it can be read."""

    id: str = ""
    says: str = ""
    asks: str = ""
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)


@dataclass
class StageForm:
    """A stage as typed."""

    name: str = ""
    norm_days: str = ""
    band: str = ""
    quiet_days: str = ""
    aliases: str = ""
    exit: list[CriterionForm] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    prefix: str = ""


@dataclass
class DefinitionForm:
    """A definition as typed; `rest` is what the form does not show and keeps."""

    pipeline: str
    owner: str = ""
    frameworks: list[str] = field(default_factory=list)
    waiver_roles: list[str] = field(default_factory=list)
    waiver_days: str = ""
    rules: list[RuleField] = field(default_factory=list)
    stages: list[StageForm] = field(default_factory=list)
    rest: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    focus: str = ""

    @property
    def ideal(self) -> IdealForm:
        """The ideal customer as typed."""
        return ideal_form(self.rest.get("ideal_customer"))


def form_of(toml: str) -> DefinitionForm:
    """The form of a definition that can be read."""
    definition = read_definition(toml)
    form = DefinitionForm(
        pipeline=definition.pipeline,
        owner=definition.owner,
        frameworks=list(definition.frameworks),
        waiver_roles=list(definition.waiver_roles),
        waiver_days=str(definition.waiver_days),
        rules=rule_fields(definition.rules),
        rest=_rest(toml),
    )
    # The words of the text are kept: what a definition fills in for itself is not written into it.
    written = tomllib.loads(toml).get("stages", [])
    for stage, given in zip(definition.stages, written, strict=True):
        criteria = []
        for each in stage.exit:
            criteria.append(_shown(each))
        form.stages.append(
            StageForm(
                stage.name,
                "" if stage.norm_days is None else str(stage.norm_days),
                str(given.get("band", "")).casefold(),
                str(given.get("quiet_days", "")),
                ", ".join(stage.aliases),
                criteria,
            )
        )
    return checked(form)


def _shown(criterion: Criterion) -> CriterionForm:
    found = parts_of(criterion.proof)
    if found is not None:
        parts = [ProofForm(kind, fields) for kind, fields in found[1]]
        return CriterionForm(found[0], {}, parts, id=criterion.id, says=criterion.says)
    kind, fields = fields_of(criterion.proof)
    return CriterionForm(kind, fields, id=criterion.id, says=criterion.says)


def typed_form(given: Mapping[str, Any], toml: str, pipeline: str) -> DefinitionForm:
    """The form as it was posted; `given` is a QueryDict, `toml` the draft's text as saved."""
    form = DefinitionForm(
        pipeline=pipeline,
        owner=_said(given, "owner"),
        frameworks=given.getlist("framework"),  # type: ignore[attr-defined]
        waiver_roles=given.getlist("waiver_role"),  # type: ignore[attr-defined]
        waiver_days=_said(given, "waiver_days"),
        rules=typed_rules(given),
        rest=_rest(toml),
    )
    if "ideal-fits-from" in given:
        form.rest.pop("ideal_customer", None)
        if (section := typed_ideal(given)) is not None:
            form.rest["ideal_customer"] = section
    for place in _numbers(given, r"s-(\d{1,4})-name"):
        stage = f"s-{place}-"
        name, norm_days, band, quiet_days, aliases = (
            _said(given, stage + each) for each in ("name", "norm_days", "band", "quiet_days", "aliases")
        )
        numbers = _numbers(given, rf"{stage}c-(\d{{1,4}})-says")
        criteria = [_criterion(given, f"{stage}c-{number}-") for number in numbers]
        form.stages.append(StageForm(name, norm_days, band, quiet_days, aliases, criteria))
    return form


def _criterion(given: Mapping[str, Any], prefix: str) -> CriterionForm:
    proof = _proof(given, prefix)
    return CriterionForm(
        proof.kind,
        proof.given,
        proof.parts,
        id=_said(given, prefix + "id"),
        says=_said(given, prefix + "says"),
    )


def _proof(given: Mapping[str, Any], prefix: str) -> ProofForm:
    kind, was = _said(given, prefix + "kind"), _said(given, prefix + "was")
    if kind in JOINS:
        numbers = _numbers(given, rf"{prefix}p-(\d{{1,4}})-kind")
        parts = [_proof(given, f"{prefix}p-{number}-") for number in numbers]
        if was in NAMES and was != "toml" and not parts:
            # What was asked for so far is the first of those that are joined now.
            parts = [ProofForm(was, {name: _said(given, prefix + name) for name in NAMES[was]}), ProofForm()]
        return ProofForm(kind, {}, parts[:1] if kind == "not" else parts)
    kind = kind if kind in NAMES else "evidence"
    fields = {name: _said(given, prefix + name) for name in NAMES[kind]}
    if was and was != kind:
        # Another kind was chosen: its fields were not on the page yet, but for those that both have.
        fields = BEGINS[kind] | {name: text for name, text in fields.items() if text}
    return ProofForm(kind, fields)


def operated(form: DefinitionForm, what: str) -> DefinitionForm:
    """The form after a button that adds, removes or moves something; `focus` names where to go on."""
    verb, *numbers = what.split(":")
    at = [int(number) for number in numbers if re.fullmatch(r"[0-9]{1,4}", number)]
    stages = form.stages
    if verb == "add-stage":
        stages.append(StageForm())
        form.focus = f"s-{len(stages) - 1}-name"
    elif at and at[0] < len(stages):
        _of_stage(form, verb, at)
    return form


def _of_stage(form: DefinitionForm, verb: str, at: list[int]) -> None:
    stages, place = form.stages, at[0]
    criteria = stages[place].exit
    if verb == "remove-stage":
        del stages[place]
        form.focus = f"s-{max(place - 1, 0)}-name" if stages else "add-stage"
    elif verb in ("up", "down"):
        other = place - 1 if verb == "up" else place + 1
        if 0 <= other < len(stages):
            stages[place], stages[other] = stages[other], stages[place]
            place = other
        form.focus = f"s-{place}-{verb}"
    elif verb == "add-criterion":
        criteria.append(CriterionForm())
        form.focus = f"s-{place}-c-{len(criteria) - 1}-says"
    elif verb == "remove-criterion" and len(at) > 1 and at[1] < len(criteria):
        del criteria[at[1]]
        form.focus = f"s-{place}-add"
    elif len(at) > 1 and at[1] < len(criteria):
        form.focus = f"s-{place}-c-{at[1]}-kind"
        _of_parts(form, criteria[at[1]], verb, at)


def _of_parts(form: DefinitionForm, criterion: CriterionForm, verb: str, at: list[int]) -> None:
    parts, prefix = criterion.parts, f"s-{at[0]}-c-{at[1]}-"
    if verb == "add-part" and criterion.joins:
        parts.append(ProofForm())
        form.focus = f"{prefix}p-{len(parts) - 1}-kind"
    elif verb == "remove-part" and len(at) > 2 and at[2] < len(parts):
        del parts[at[2]]
    elif verb == "part" and len(at) > 2:
        form.focus = f"{prefix}p-{at[2]}-kind"


def toml_of(form: DefinitionForm) -> str:
    """The definition that was typed, written as TOML; refused with every problem, each at its place in the form."""
    form.problems, text, faults = [], "", _wanting(form)
    try:
        text = tomli_w.dumps(_table(form, faults))
        definition = read_definition(text)
    except Refused as refused:
        faults += refused.problems
    else:
        if not faults:
            return write_definition(definition)
    for problem in faults:
        _place_of(form, problem).append(problem)
    raise Refused(faults)


def checked(form: DefinitionForm) -> DefinitionForm:
    """The form with the proofs in words and the warnings beside them, as far as it can be read."""
    try:
        definition = read_definition(toml_of(form))
    except Refused:
        return form
    add_warnings(form, definition)
    return form


def add_warnings(form: DefinitionForm, definition: Definition) -> None:
    """Puts what the check warns of beside the stage or criterion concerned, and each proof in words."""
    by_place: dict[str, list[Problem]] = {}
    for each in check_definition(definition):
        by_place.setdefault(each.column, []).append(each)
    form.warnings = by_place.get("", [])
    for typed, stage in zip(form.stages, definition.stages, strict=True):
        typed.warnings = by_place.get(stage.name, [])
        for said, criterion in zip(typed.exit, stage.exit, strict=True):
            said.asks = sentence(criterion.proof)
            said.warnings = by_place.get(f"{stage.name}, {criterion.id}", [])


def named(form: DefinitionForm) -> DefinitionForm:
    """The form with the beginning of the name of each stage's and criterion's fields."""
    for place, stage in enumerate(form.stages):
        stage.prefix = f"s-{place}-"
        for number, each in enumerate(stage.exit):
            each.prefix = f"s-{place}-c-{number}-"
            for at, part in enumerate(each.parts):
                part.prefix = f"{each.prefix}p-{at}-"
    return form


def _table(form: DefinitionForm, faults: list[Problem]) -> dict[str, Any]:
    head = {
        key: value
        for key, value in form.rest.get("pipeline", {}).items()
        if key in ("kind", "version", "effective_from")
    }
    table: dict[str, Any] = {
        "pipeline": _filled(name=form.pipeline, owner=form.owner, frameworks=form.frameworks) | head,
        "waivers": _filled(roles=form.waiver_roles, days=_whole(form.waiver_days)),
    }
    table |= {
        name: section
        for name, section in form.rest.items()
        if name not in ("pipeline", "waivers", "rules", "stages")
    }
    if rules := rules_table(form.rules):
        table["rules"] = rules
    taken = {each.id.casefold() for stage in form.stages for each in stage.exit if each.id}
    table["stages"] = [
        _stage(stage, f"stages[{place}]", taken, faults) for place, stage in enumerate(form.stages, start=1)
    ]
    return table


def _stage(stage: StageForm, place: str, taken: set[str], faults: list[Problem]) -> dict[str, Any]:
    criteria = []
    for number, each in enumerate(stage.exit, start=1):
        if not each.id and each.says:
            each.id = _new_id(each.says, taken)
        proof, unread = (
            (joined(each.kind, [(part.kind, part.given) for part in each.parts]), [])
            if each.joins
            else table_of(each.kind, each.given)
        )
        faults += [
            Problem(
                problem.code,
                problem.says,
                problem.remedy,
                column=f"{place}.exit[{number}].proof",
                value=problem.value,
            )
            for problem in unread
        ]
        # An unreadable proof is told already; another stands in for it so that the rest is judged too.
        criteria.append(
            _filled(id=each.id, says=each.says) | {"proof": proof if not unread else {"role": "champion"}}
        )
    aliases = [alias.strip() for alias in stage.aliases.split(",") if alias.strip()]
    return _filled(
        name=stage.name, norm_days=_whole(stage.norm_days), band=stage.band, quiet_days=_whole(stage.quiet_days),
        aliases=aliases, exit=criteria,
    )  # fmt: skip


def _wanting(form: DefinitionForm) -> list[Problem]:
    if form.waiver_roles:
        return []
    says = "No role may waive; then no waiver could ever be granted."
    return [Problem("definition_value_wrong", says, "Choose at least one role.", column="waivers.roles")]


def _place_of(form: DefinitionForm, problem: Problem) -> list[Problem]:
    """The list of problems beside what the problem is about."""
    if problem.column.startswith("rules."):
        rule = next((each for each in form.rules if problem.column.startswith(f"rules.{each.name}")), None)
        return rule.problems if rule else form.problems
    found = re.match(r"stages\[(\d+)\](?:\.exit\[(\d+)\])?", problem.column)
    if not found or int(found[1]) > len(form.stages):
        return form.problems
    stage = form.stages[int(found[1]) - 1]
    if found[2] and int(found[2]) <= len(stage.exit):
        return stage.exit[int(found[2]) - 1].problems
    return stage.problems


def _new_id(says: str, taken: set[str]) -> str:
    """An id of a few words of the criterion, not yet taken."""
    plain = re.sub(r"[^a-z0-9]+", " ", says.casefold()).split()
    words = [
        word
        for word in plain
        if word not in ("the", "a", "an", "is", "are", "has", "have", "to", "of", "and")
    ]
    base = "_".join(words[:4])[:48] or "criterion"
    base = base if base[0].isalpha() else f"c_{base}"
    found, number = base, 2
    while found in taken:
        found, number = f"{base}_{number}", number + 1
    taken.add(found)
    return found


def _rest(toml: str) -> dict[str, Any]:
    return tomllib.loads(toml, parse_float=Decimal)


def _filled(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in ("", None, [])}


def _said(given: Mapping[str, Any], name: str) -> str:
    return " ".join(str(given.get(name, "")).replace("\x00", "").split())


def _whole(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text


def _numbers(given: Mapping[str, Any], pattern: str) -> list[int]:
    found = (re.fullmatch(pattern, name) for name in given)
    return sorted(int(each[1]) for each in found if each)

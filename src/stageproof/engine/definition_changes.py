"""The differences between two versions of a definition, as sentences that its readers understand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields

from stageproof.engine.counted import count_text
from stageproof.engine.definition import Criterion, Definition, Stage, stage_key
from stageproof.engine.ideal_customer import profile_changes
from stageproof.engine.proof import sentence
from stageproof.engine.proof_strength import strength


@dataclass(frozen=True)
class Change:
    """One difference: its kind, the sentence, and the stage and criterion where it has them."""

    kind: str
    says: str
    stage: str = ""
    criterion: str = ""


def compare(before: Definition, after: Definition) -> list[Change]:
    """What changed, the pipeline first, then stages and criteria in their new order."""
    pairs = _paired(before, after)
    return [
        *_of_pipeline(before, after),
        *_of_stages(before, after, pairs),
        *_of_criteria(before, after, pairs),
    ]


def _of_pipeline(before: Definition, after: Definition) -> Iterator[Change]:
    if before.pipeline != after.pipeline:
        yield Change("pipeline_renamed", f"The pipeline {before.pipeline} is now called {after.pipeline}.")
    if before.owner != after.owner:
        yield Change("owner_changed", f"{after.owner} takes over the pipeline from {before.owner}.")
    if before.kind != after.kind:
        says = f"The pipeline is now counted as {after.kind}, before as {before.kind}."
        yield Change("kind_changed", says)
    if before.waiver_roles != after.waiver_roles:
        old, new = " or ".join(before.waiver_roles), " or ".join(after.waiver_roles)
        yield Change("waivers_changed", f"Waivers are now granted by {new}, before by {old}.")
    if before.waiver_days != after.waiver_days:
        yield _number("waivers_changed", "A waiver lasts at most", before.waiver_days, after.waiver_days)
    for name in sorted(set(after.frameworks) - set(before.frameworks)):
        yield Change("framework_added", f"{name} is now followed.")
    for name in sorted(set(before.frameworks) - set(after.frameworks)):
        yield Change("framework_removed", f"{name} is no longer followed.")
    for kind, says in profile_changes(before.ideal_customer, after.ideal_customer):
        yield Change(kind, says)
    for each in fields(before.rules):
        old, new = getattr(before.rules, each.name), getattr(after.rules, each.name)
        if old != new:
            says = f"The rule {each.name.replace('_', ' ')} is now {_shown(new)}, before {_shown(old)}."
            yield Change("rule_changed", says)


def _of_stages(before: Definition, after: Definition, pairs: dict[int, int]) -> Iterator[Change]:
    """`pairs` maps the position of a stage in `after` to the one it had in `before`."""
    for place, stage in enumerate(before.stages):
        if place not in pairs.values():
            says = f"The stage {stage.name} is gone, with {count_text(len(stage.exit), 'exit criterion,exit criteria')}."
            yield Change("stage_removed", says, stage.name)
    moved = _moved(pairs)
    for place, stage in enumerate(after.stages):
        where = f"after {after.stages[place - 1].name}" if place else "at the start"
        if place not in pairs:
            yield Change("stage_added", f"The stage {stage.name} is new, {where}.", stage.name)
            continue
        old = before.stages[pairs[place]]
        if old.name != stage.name:
            says = f"The stage {old.name} is now called {stage.name}."
            yield Change("stage_renamed", says, stage.name)
        if place in moved:
            yield Change("stage_moved", f"The stage {stage.name} now comes {where}.", stage.name)
        yield from _of_stage(old, stage)


def _of_stage(before: Stage, after: Stage) -> Iterator[Change]:
    name = after.name
    if before.norm_days != after.norm_days:
        yield _number("norm_changed", f"The norm of {name} is", before.norm_days, after.norm_days, name)
    if before.quiet_days != after.quiet_days:
        start = f"A deal in {name} may be quiet for"
        yield _number("quiet_days_changed", start, before.quiet_days, after.quiet_days, name)
    if before.band != after.band:
        says = f"{name} now counts as {after.band}, before as {before.band}."
        yield Change("band_changed", says, name)
    # A renamed stage still reads its old name, and its new name may have been an alias.
    known, now = ({stage_key(each) for each in (one.name, *one.aliases)} for one in (before, after))
    added = [each for each in after.aliases if stage_key(each) not in known]
    removed = [each for each in before.aliases if stage_key(each) not in now]
    if added:
        yield Change("aliases_changed", f"{name} is also read from {', '.join(added)}.", name)
    if removed:
        yield Change("aliases_changed", f"{name} is no longer read from {', '.join(removed)}.", name)


def _of_criteria(before: Definition, after: Definition, pairs: dict[int, int]) -> Iterator[Change]:
    old = _by_id(before)
    new = _by_id(after)
    for key, (place, criterion) in old.items():
        if key not in new:
            stage = before.stages[place].name
            says = f"{stage} no longer asks for “{criterion.says}”."
            yield Change("criterion_removed", says, stage, criterion.id)
    for key, (place, criterion) in new.items():
        stage = after.stages[place].name
        if key not in old:
            says = f"{stage} now asks for “{criterion.says}”: {sentence(criterion.proof)}."
            yield Change("criterion_added", says, stage, criterion.id)
            continue
        old_place, was = old[key]
        if pairs.get(place) != old_place:
            says = (
                f"“{criterion.says}” is now asked for at {stage}, before at {before.stages[old_place].name}."
            )
            yield Change("criterion_moved", says, stage, criterion.id)
        yield from _of_criterion(was, criterion, stage)


def _of_criterion(before: Criterion, after: Criterion, stage: str) -> Iterator[Change]:
    if before.says != after.says:
        says = f"{stage}: “{before.says}” now reads “{after.says}”."
        yield Change("criterion_reworded", says, stage, after.id)
    if before.proof == after.proof:
        return
    kind = strength(before.proof, after.proof)
    became = {
        "tightened": "asks for more",
        "loosened": "asks for less",
        "changed": "asks for something else",
        "same": "asks for the same in another form",
    }[kind]
    says = f"{stage}: “{after.says}” now {became}: {sentence(after.proof)}; before: {sentence(before.proof)}."
    yield Change("criterion_rewritten" if kind == "same" else f"criterion_{kind}", says, stage, after.id)


# Which stage of the one is which of the other


def _paired(before: Definition, after: Definition) -> dict[int, int]:
    """Positions after to positions before: by name, then by alias, then by the same criteria."""
    pairs: dict[int, int] = {}
    for alike in (_same_name, _same_alias, _same_criteria):
        for place, stage in enumerate(after.stages):
            for old_place, old in enumerate(before.stages):
                free = place not in pairs and old_place not in pairs.values()
                if free and alike(old, stage):
                    pairs[place] = old_place
    return pairs


def _same_name(one: Stage, other: Stage) -> bool:
    return stage_key(one.name) == stage_key(other.name)


def _same_alias(one: Stage, other: Stage) -> bool:
    return stage_key(one.name) in map(stage_key, other.aliases) or stage_key(other.name) in map(
        stage_key, one.aliases
    )


def _same_criteria(one: Stage, other: Stage) -> bool:
    return bool(one.exit) and {each.id for each in one.exit} == {each.id for each in other.exit}


def _moved(pairs: dict[int, int]) -> set[int]:
    """The fewest stages whose move explains the new order: all but a longest run still in the old one."""
    longest: dict[int, list[int]] = {}
    for place in sorted(pairs):
        earlier = [run for last, run in longest.items() if pairs[last] < pairs[place]]
        longest[place] = [*_longest(earlier), place]
    return set(pairs) - set(_longest(longest.values()))


def _longest(runs: Iterable[list[int]]) -> list[int]:
    return max(runs, key=lambda run: len(run), default=[])


def _by_id(definition: Definition) -> dict[str, tuple[int, Criterion]]:
    return {
        criterion.id.casefold(): (place, criterion)
        for place, stage in enumerate(definition.stages)
        for criterion in stage.exit
    }


def _number(kind: str, start: str, before: int | None, after: int | None, stage: str = "") -> Change:
    new = "not set" if after is None else count_text(after, "day")
    old = "not set" if before is None else count_text(before, "day")
    return Change(kind, f"{start} {new}, before {old}.", stage)


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)

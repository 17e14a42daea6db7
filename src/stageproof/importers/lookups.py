"""What other files say of the accounts, people, campaigns, pipelines and stages that deals name."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from stageproof.importers.days import coalesced, look_up
from stageproof.importers.header import header_key
from stageproof.importers.intake import Intake
from stageproof.importers.outcome import Stages


@dataclass
class Lookups:
    """Tables of `key` and what it stands for; None where no file has them."""

    stages: Stages
    users: pl.DataFrame | None = None
    """`key` (id or name), `name`, `team`"""
    accounts: pl.DataFrame | None = None
    """`key` (id), `name`, `segment`"""
    contacts: pl.DataFrame | None = None
    """`key` (id), `name`, `title`, `account`"""
    campaigns: pl.DataFrame | None = None
    """`key` (id or name), `name`, `type`"""
    pipelines: pl.DataFrame | None = None
    deal_accounts: pl.DataFrame | None = None
    """`key` (deal), `account_id`"""
    products: pl.DataFrame | None = None
    """`key` (deal), `product`: of deals with one product"""
    gaps: list[str] = field(default_factory=list)


def _person(intake: Intake) -> pl.Series:
    """The full name; from first and last name, else the mail address, where there is none."""
    both = pl.DataFrame([intake.text("first_name"), intake.text("last_name")]).select(
        pl.concat_str(pl.all(), separator=" ", ignore_nulls=True).str.strip_chars()
    )
    joined = both.to_series()
    joined = joined.set(joined == "", None)
    return coalesced(intake.text("name"), joined, intake.text("email")).alias("name")


def _keyed(frame: pl.DataFrame) -> pl.DataFrame:
    """One row per key, the same one however the rows are ordered."""
    return (
        frame.filter(pl.col("key").is_not_null())
        .sort(frame.columns, nulls_last=True)
        .unique("key", keep="first")
    )


def _added(before: pl.DataFrame | None, more: pl.DataFrame) -> pl.DataFrame:
    return _keyed(more if before is None else pl.concat([before, more], how="diagonal"))


def read_accounts(intake: Intake, into: Lookups) -> None:
    """Accounts by id, or by name where they have none."""
    name = intake.text("name")
    frame = pl.DataFrame(
        [
            coalesced(intake.text("account"), name).alias("key"),
            name.alias("name"),
            intake.text("segment").alias("segment"),
        ]
    )
    into.accounts = _added(into.accounts, intake.settle(frame))


def read_contacts(intake: Intake, into: Lookups) -> None:
    """People at the buyers by id."""
    frame = pl.DataFrame(
        [
            intake.text("contact").alias("key"),
            _person(intake),
            intake.text("title").alias("title"),
            coalesced(intake.text("account_id"), intake.text("account")).alias("account"),
        ]
    )
    into.contacts = _added(into.contacts, intake.settle(frame))


def read_users(intake: Intake, into: Lookups) -> None:
    """Our people by id and by name, with their teams."""
    name = _person(intake)
    wanted = intake.settings.mapping.team_column
    team = intake.text("team")
    if wanted:
        other = next((at for header, at in intake.recognised.others.items() if header == wanted), None)
        if other is not None:
            team = intake.column(other)
    elif intake.has("team") and header_key(intake.recognised.header("team")) not in ("team", "teamname"):
        intake.note(
            "team_assumed",
            f"'{intake.recognised.header('team')}' is taken as the team of a seller.",
            "team",
            'Say [teams] column = "..." in the mapping file for another.',
        )
    frame = pl.DataFrame(
        [
            coalesced(intake.text("user"), name).alias("key"),
            name,
            team.alias("team"),
            intake.text("role_id").alias("role_id"),
            intake.text("member_id").alias("member_id"),
        ]
    )
    inactive = int((~intake.yes_no("is_active")).sum() or 0)
    if inactive:
        into.gaps.append(
            f"{inactive} of the people in {intake.source} are inactive; their deals keep their names."
        )
    into.users = _added(into.users, intake.settle(frame))


def named_campaigns(before: pl.DataFrame | None, more: pl.DataFrame) -> pl.DataFrame:
    """Campaigns by id."""
    return _added(before, more)


def read_named(intake: Intake, key: str, before: pl.DataFrame | None) -> pl.DataFrame:
    """A table of ids and names."""
    frame = pl.DataFrame([intake.text(key).alias("key"), intake.text("name").alias("name")])
    return _added(before, intake.settle(frame))


def read_stages(intake: Intake, into: Lookups) -> None:
    """Names and outcomes of stages by id, as the system itself states them."""
    frame = intake.settle(
        pl.DataFrame(
            [
                intake.text("stage_id"),
                intake.text("stage"),
                intake.yes_no("is_won"),
                intake.yes_no("is_closed"),
                intake.text("probability"),
                intake.text("position"),
                intake.text("pipeline_id"),
            ]
        )
    )
    placed: list[tuple[str, float, str]] = []
    for stage_id, stage, won, closed, probability, position, pipeline in frame.iter_rows():
        if stage_id and stage:
            into.stages.labels[stage_id] = stage
        chance = _number(probability)
        outcome = (
            "won"
            if won or (closed and chance == 1)
            else "lost"
            if closed or (won is False and chance == 0)
            else None
        )
        if outcome is None and (closed is False or chance not in (None, 0, 1)):
            outcome = "open"
        for each in (stage_id, stage):
            if each and outcome:
                into.stages.stated[header_key(each)] = outcome
        if stage and outcome not in ("won", "lost"):
            placed.append((pipeline or "", _number(position) or 0.0, stage))
    into.stages.order += [stage for _, _, stage in sorted(placed) if stage not in into.stages.order]


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None


def read_line_items(intake: Intake, into: Lookups) -> None:
    """The product of deals that have just one."""
    frame = intake.settle(pl.DataFrame([intake.text("deal").alias("key"), intake.text("product")]))
    single = (
        frame.drop_nulls()
        .group_by("key")
        .agg(pl.col("product").unique())
        .filter(pl.col("product").list.len() == 1)
    )
    into.products = _added(into.products, single.with_columns(pl.col("product").list.first()))


def read_deal_accounts(intake: Intake, into: Lookups) -> None:
    """The account of each deal, where a file of its own says so."""
    frame = pl.DataFrame([intake.text("deal").alias("key"), intake.text("account_id")])
    into.deal_accounts = _added(into.deal_accounts, intake.settle(frame))


def with_teams(
    users: pl.DataFrame, teams: pl.DataFrame | None, members: pl.DataFrame | None, roles: pl.DataFrame | None
) -> pl.DataFrame:
    """Users with the team that they, their membership or their role name, and also keyed by name."""
    member = look_up(users["key"], members, "team_id") if members is not None else None
    by_member = (
        look_up(users["member_id"], members, "team_id")
        if members is not None and "member_id" in users.columns
        else None
    )
    named = [users["team"]]
    for each in (member, by_member):
        if each is not None:
            named.append(coalesced(look_up(each, teams, "name"), each))
    if roles is not None:
        named.append(look_up(users["role_id"], roles, "name"))
    full = users.with_columns(coalesced(*named).alias("team"))
    by_name = full.with_columns(pl.col("name").alias("key"))
    return _keyed(pl.concat([full, by_name.join(full, on="key", how="anti")]).select("key", "name", "team"))

"""Pipedrive: list exports with `Deal - ` headers, the API's deals, and their changelog."""

from __future__ import annotations

from stageproof.importers.shape import Shape, groups, names
from stageproof.importers.vocabulary import DEAL

CHANGELOG = Shape(
    "Pipedrive",
    "field_history",
    "changelog",
    groups("dealid itemid objectid", "fieldkey field", "newvalue", "time logtime timestamp"),
    names(
        deal="dealid itemid objectid",
        at="time logtime timestamp",
        property="fieldkey field",
        new="newvalue",
        old="oldvalue",
        actor="actoruserid userid user",
        door="changesource",
        change="id",
    ),
    zone="UTC",
)
API_DEALS = Shape(
    "Pipedrive",
    "deals",
    "deals (API)",
    groups("id", "title", "stageid", "status", "addtime"),
    {
        **DEAL,
        "account": ("orgname", "organizationname", "organization"),
        "owner": ("ownername",),
        "stage": ("stagename", "stageid"),
        "amount": ("value",),
        "close_on": (),
    },
    zone="UTC",
)
EXPORT = Shape(
    "Pipedrive",
    "deals",
    "deals",
    groups(
        "title", "stage status", "value organization owner", "currencyofvalue dealcreated wontime losttime"
    ),
    {**DEAL, "close_on": ()},
)
STAGES = Shape(
    "Pipedrive",
    "stages",
    "stages",
    groups("id", "name", "dealprobability ordernr", "pipelineid"),
    names(stage_id="id", stage="name", position="ordernr", pipeline_id="pipelineid", pipeline="pipelinename"),
    lacks=frozenset({"title", "stageid"}),
)
PIPELINES = Shape(
    "Pipedrive",
    "pipelines",
    "pipelines",
    groups("id", "name", "urltitle dealprobability ordernr"),
    names(pipeline="id", name="name"),
    lacks=frozenset({"pipelineid", "title", "stageid"}),
)
USERS = Shape(
    "Pipedrive",
    "users",
    "users",
    groups("id", "name", "activeflag rolename iscompanyadmin isadmin"),
    names(user="id", name="name", email="email", is_active="activeflag"),
    lacks=frozenset({"title", "stageid", "username"}),
)
ACTIVITIES = Shape(
    "Pipedrive",
    "activities",
    "activities",
    groups("activitysubject", "activityduedate activitymarkedasdonetime activitydone"),
    names(
        activity="activityid",
        happened_at="activitymarkedasdonetime activityduedate activityaddtime",
        type="activitytype",
        subject="activitysubject",
        deal_id="activitydealid dealid id",
        deal_name="activitydeal title",
        contact="activitycontactperson personname",
        account="activityorganization organizationname",
        owner="activityassignedtouser activitycreator",
        status="activitydone activitystatus",
        due_on="activityduedate",
        recorded_at="activityaddtime",
    ),
)

SHAPES = (CHANGELOG, API_DEALS, EXPORT, ACTIVITIES, STAGES, PIPELINES, USERS)

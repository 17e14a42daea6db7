"""HubSpot: exports with labels, the API's JSON, and warehouse tables with property history."""

from __future__ import annotations

from stageproof.importers.shape import Shape, groups, names
from stageproof.importers.vocabulary import DEAL

PROPERTY_HISTORY = Shape(
    "HubSpot",
    "field_history",
    "deal property history",
    groups("dealid hsobjectid recordid", "name property propertyname", "value", "timestamp"),
    names(
        deal="dealid hsobjectid recordid",
        at="timestamp",
        property="name property propertyname",
        new="value",
        actor="updatedbyuserid",
        door="source sourcetype",
    ),
    zone="UTC",
)
STAGE_HISTORY = Shape(
    "HubSpot",
    "history",
    "deal stage history",
    groups("dealid", "value", "dateentered fivetranstart"),
    names(deal="dealid", at="dateentered fivetranstart", stage="value", door="source"),
    lacks=frozenset({"dealname"}),
    zone="UTC",
)
MERGED = Shape(
    "HubSpot",
    "merged",
    "merged deals",
    groups("dealid", "mergeddealid"),
    names(deal="dealid", merged="mergeddealid"),
)
STAGES = Shape(
    "HubSpot",
    "stages",
    "pipeline stages",
    groups("stageid", "label stagename name", "pipelineid isclosed closedwon probability"),
    names(
        stage_id="stageid",
        stage="label stagename name",
        is_won="closedwon iswon",
        is_closed="isclosed",
        probability="probability",
        position="displayorder",
        pipeline_id="pipelineid",
    ),
    lacks=frozenset({"dealid", "dealname", "title", "addtime", "ticketstate"}),
)
PIPELINES = Shape(
    "HubSpot",
    "pipelines",
    "pipelines",
    groups("pipelineid", "label"),
    names(pipeline="pipelineid", name="label"),
    lacks=frozenset({"stageid", "dealid", "title"}),
)
DEAL_TABLE = Shape(
    "HubSpot",
    "deals",
    "deals (warehouse)",
    groups(
        "dealid",
        "dealpipelinestageid dealstage dealname",
        "portalid dealpipelineid fivetransynced hsobjectid",
    ),
    DEAL,
    zone="UTC",
)
DEAL_EXPORT = Shape("HubSpot", "deals", "deals", groups("recordid hsobjectid", "dealname", "dealstage"), DEAL)
DEAL_COMPANY = Shape(
    "HubSpot",
    "deal_accounts",
    "deals of companies",
    groups("dealid", "companyid"),
    names(deal="dealid", account_id="companyid"),
    lacks=frozenset({"dealname"}),
)
DEAL_CONTACT = Shape(
    "HubSpot",
    "roles",
    "contacts of deals",
    groups("dealid", "contactid"),
    names(deal="dealid", contact_id="contactid", role="label role associationlabel"),
    lacks=frozenset({"dealname", "engagementid", "kind", "activitydate", "happenedon", "happenedat"}),
)
OWNERS = Shape(
    "HubSpot",
    "users",
    "owners",
    groups("ownerid", "email firstname lastname"),
    names(
        user="ownerid",
        name="name fullname",
        first_name="firstname",
        last_name="lastname",
        email="email",
        is_active="isactive active",
        team="team primaryteam",
        member_id="activeuserid userid",
    ),
    lacks=frozenset({"dealid", "dealname", "stagename", "isconverted"}),
)
TEAM_USER = Shape(
    "HubSpot",
    "user_teams",
    "teams of users",
    groups("userid id", "teamid primaryteamid", "issecondaryuser roleid"),
    names(user="userid id", team_id="teamid primaryteamid"),
)
OWNER_TEAM = Shape(
    "HubSpot",
    "user_teams",
    "teams of owners",
    groups("ownerid", "teamid"),
    names(user="ownerid", team_id="teamid", is_primary="isteamprimary"),
)
TEAM_NAMES = Shape(
    "HubSpot",
    "team_names",
    "teams",
    groups("id teamid", "name", "\0"),
    names(team="id teamid", name="name"),
    named=("team",),
    lacks=frozenset({"salesagent", "userid", "ownerid", "manager", "owner", "rep", "email"}),
)
ENGAGEMENT_DEAL = Shape(
    "HubSpot",
    "activity_deals",
    "deals of engagements",
    groups("engagementid", "dealid"),
    names(activity="engagementid", deal="dealid"),
)
ENGAGEMENT_CONTACT = Shape(
    "HubSpot",
    "activity_contacts",
    "contacts of engagements",
    groups("engagementid", "contactid"),
    names(activity="engagementid", contact_id="contactid"),
)
ENGAGEMENT = Shape(
    "HubSpot",
    "activities",
    "engagements",
    groups("engagementid hsengagementid", "hstimestamp starttime timestamp hsmeetingstarttime"),
    names(
        activity="engagementid hsengagementid",
        happened_at="hsmeetingstarttime starttime hstimestamp timestamp",
        type="type hsengagementtype hsactivitytype",
        outcome="meetingoutcome hsmeetingoutcome hscalldisposition",
        direction="hsemaildirection hscalldirection direction",
        status="hstaskstatus status",
        subject="hsemailsubject hsmeetingtitle hscalltitle hstasksubject title subject",
        owner_id="hubspotownerid ownerid",
        recorded_at="hscreatedate createdate",
        is_deleted="fivetrandeleted",
    ),
    zone="UTC",
)
COMPANY = Shape(
    "HubSpot",
    "accounts",
    "companies",
    groups(
        "id recordid companyid hsobjectid",
        "name companyname",
        "industry domain companydomainname annualrevenue",
    ),
    names(account="id recordid companyid hsobjectid", name="name companyname", segment="segment industry"),
    lacks=frozenset({"dealname", "lastname", "stagename", "dealstage"}),
)
CONTACT = Shape(
    "HubSpot",
    "contacts",
    "contacts",
    groups("id recordid contactid hsobjectid", "lastname", "firstname", "email"),
    names(
        contact="id recordid contactid hsobjectid",
        name="name fullname",
        first_name="firstname",
        last_name="lastname",
        title="jobtitle title",
        account="company companyname",
    ),
    lacks=frozenset({"isconverted", "status", "username", "primaryteamid"}),
)

SHAPES = (
    MERGED,
    PROPERTY_HISTORY,
    STAGE_HISTORY,
    ENGAGEMENT_DEAL,
    ENGAGEMENT_CONTACT,
    ENGAGEMENT,
    DEAL_TABLE,
    DEAL_EXPORT,
    DEAL_COMPANY,
    DEAL_CONTACT,
    STAGES,
    PIPELINES,
    OWNER_TEAM,
    TEAM_USER,
    OWNERS,
    TEAM_NAMES,
    COMPANY,
    CONTACT,
)

DOORS = {
    "CRM_UI": "page",
    "CRM_UI_BULK_ACTION": "page",
    "CONTACTS": "page",
    "MOBILE_IOS": "page",
    "MOBILE_ANDROID": "page",
    "API": "api",
    "INTEGRATION": "api",
    "INTEGRATIONS_PLATFORM": "api",
    "IMPORT": "import",
    "BATCH_UPDATE": "import",
    "SALESFORCE": "sync",
    "SYNC": "sync",
    "AUTOMATION_PLATFORM": "automation",
    "WORKFLOWS": "automation",
    "WORKFLOW": "automation",
    "CALCULATED": "automation",
    "AI_GROUP": "agent",
}
"""HubSpot's source types as doors."""

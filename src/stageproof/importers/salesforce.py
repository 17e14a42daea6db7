"""Salesforce: objects exported by API name or copied into a warehouse, and reports with labels."""

from __future__ import annotations

from stageproof.importers.shape import Shape, groups, names
from stageproof.importers.vocabulary import DEAL

_NOT_HISTORY = frozenset(
    [
        "name",
        "opportunityname",
        "accountname",
        "accountid",
        "isclosed",
        "ownerid",
        "opportunityowner",
        "owner",
        "nextstep",
        "leadsource",
    ]
)

OPPORTUNITY_HISTORY = Shape(
    "Salesforce",
    "history",
    "OpportunityHistory",
    groups(
        "opportunityid",
        "stagename stage tostage",
        "createddate lastmodified",
        "id createdbyid systemmodstamp forecastcategory opportunityhistorykey isdeleted",
    ),
    names(
        deal="opportunityid",
        at="createddate lastmodified",
        stage="stagename tostage stage",
        amount="amount",
        close_on="closedate",
        forecast_category="forecastcategory forecastcategoryname",
        is_deleted="isdeleted",
        actor="createdbyid createdby lastmodifiedby",
        change="id",
    ),
    lacks=_NOT_HISTORY,
    named=("history",),
)
FIELD_HISTORY = Shape(
    "Salesforce",
    "field_history",
    "OpportunityFieldHistory",
    groups("opportunityid parentid", "field fieldevent", "newvalue"),
    names(
        deal="opportunityid parentid",
        at="createddate editdate",
        property="field fieldevent",
        new="newvalue",
        old="oldvalue",
        is_deleted="isdeleted",
        actor="createdbyid createdby editedby",
        change="id",
    ),
)
VERSIONS = Shape(
    "Salesforce",
    "versions",
    "opportunity history (warehouse)",
    groups("fivetranstart dbtvalidfrom validfrom", "id opportunityid", "stagename"),
    {**names(at="fivetranstart dbtvalidfrom validfrom", ends_at="fivetranend dbtvalidto validto"), **DEAL},
    zone="UTC",
)
OPPORTUNITY = Shape(
    "Salesforce",
    "deals",
    "Opportunity",
    groups("id opportunityid", "stagename"),
    DEAL,
    lacks=frozenset({"fivetranstart"}),
)
REPORT = Shape(
    "Salesforce",
    "deals",
    "opportunity report",
    groups("opportunityname", "stage", "closedate amount opportunityowner accountname"),
    DEAL,
)
CONTACT_ROLE = Shape(
    "Salesforce",
    "roles",
    "OpportunityContactRole",
    groups("opportunityid", "contactid"),
    names(
        deal="opportunityid",
        contact_id="contactid",
        role="role",
        is_primary="isprimary",
        created_at="createddate",
        is_deleted="isdeleted",
    ),
    lacks=frozenset({"kind", "activitydate", "happenedon", "happenedat"}),
)
LINE_ITEM = Shape(
    "Salesforce",
    "line_items",
    "OpportunityLineItem",
    groups("opportunityid", "pricebookentryid product2id productcode unitprice totalprice"),
    names(deal="opportunityid", product="productname name productcode product2id", amount="totalprice"),
)
_ACTIVITY = names(
    activity="id",
    deal_id="whatid",
    contact_id="whoid",
    account_id="accountid",
    subject="subject",
    owner_id="ownerid",
    is_deleted="isdeleted",
    recorded_at="createddate",
)
EVENT = Shape(
    "Salesforce",
    "activities",
    "Event",
    groups("whatid whoid", "startdatetime activitydatetime enddatetime"),
    {
        **names(
            happened_at="startdatetime activitydatetime activitydate", type="eventsubtype type", kind="type"
        ),
        **_ACTIVITY,
    },
)
TASK = Shape(
    "Salesforce",
    "activities",
    "Task",
    groups("whatid whoid", "activitydate completeddatetime tasksubtype"),
    {
        **names(
            happened_at="completeddatetime activitydate createddate",
            due_on="activitydate",
            type="tasksubtype type",
            kind="type",
            status="status",
            is_done="isclosed",
            direction="calltype",
            outcome="calldisposition",
        ),
        **_ACTIVITY,
    },
)
USER = Shape(
    "Salesforce",
    "users",
    "User",
    groups("id", "username userroleid profileid usertype managerid", "name lastname"),
    names(
        user="id",
        name="name",
        first_name="firstname",
        last_name="lastname",
        email="email",
        is_active="isactive",
        team="team department",
        role_id="userroleid",
        manager_id="managerid",
    ),
    lacks=frozenset({"stagename", "company", "productcode"}),
)
USER_ROLE = Shape(
    "Salesforce",
    "user_roles",
    "UserRole",
    groups("id", "name", "parentroleid rollupdescription"),
    names(role="id", name="name"),
)
LEAD = Shape(
    "Salesforce",
    "leads",
    "Lead",
    groups("id leadid", "name lastname", "company", "isconverted status leadstatus"),
    names(
        lead="id leadid",
        name="name",
        first_name="firstname",
        last_name="lastname",
        account="company",
        email="email",
        title="title",
        phone="phone mobilephone",
        industry="industry",
        employees="numberofemployees employees",
        country="country countrycode",
        technology="technology technologies techstack",
        trigger="trigger buyingtrigger",
        responded_at="firstresponsedate firstrespondeddate respondedat firstcalldatetime",
        qualification="qualification qualificationnotes",
        disqualified_reason="disqualifiedreason unqualifiedreason rejectionreason",
        source="leadsource source",
        campaign="campaign campaignname",
        status="status leadstatus",
        is_converted="isconverted converted",
        converted_at="converteddate",
        deal="convertedopportunityid",
        owner_id="ownerid",
        owner="owner leadowner",
        created_at="createddate createdate",
        modified_at="lastmodifieddate",
        is_deleted="isdeleted",
    ),
)
CONTACT = Shape(
    "Salesforce",
    "contacts",
    "Contact",
    groups("id contactid", "lastname", "accountid email title"),
    names(
        contact="id contactid",
        name="name",
        first_name="firstname",
        last_name="lastname",
        title="title",
        account_id="accountid",
        valid_from="fivetranstart",
    ),
    lacks=frozenset({"company", "isconverted", "username", "stagename", "primaryteamid"}),
)
CAMPAIGN_MEMBER = Shape(
    "Salesforce",
    "campaign_members",
    "CampaignMember",
    groups(
        "campaignid", "leadid contactid leadorcontactid", "firstrespondeddate hasresponded status createddate"
    ),
    names(
        campaign_id="campaignid",
        lead="leadid",
        happened_at="firstrespondeddate createddate",
    ),
    lacks=frozenset({"opportunityid", "stagename"}),
)
CAMPAIGN = Shape(
    "Salesforce",
    "campaigns",
    "Campaign",
    groups(
        "id campaignid",
        "name campaignname",
        "budgetedcost actualcost numberofleads numbersent expectedresponse",
    ),
    names(
        campaign="id campaignid",
        name="name campaignname",
        type="type",
        starts_on="startdate",
        ends_on="enddate",
        cost="actualcost budgetedcost",
        currency="currencyisocode",
        created_at="createddate",
    ),
)
ACCOUNT = Shape(
    "Salesforce",
    "accounts",
    "Account",
    groups(
        "id accountid",
        "name accountname",
        "industry annualrevenue numberofemployees billingcity billingcountry accountnumber ownership",
    ),
    names(
        account="id accountid",
        name="name accountname",
        segment="segment industry type",
        valid_from="fivetranstart",
    ),
    lacks=frozenset({"stagename", "lastname", "leadsource", "opportunityid", "stage"}),
    named=("account",),
)

SHAPES = (
    FIELD_HISTORY,
    OPPORTUNITY_HISTORY,
    VERSIONS,
    OPPORTUNITY,
    REPORT,
    CONTACT_ROLE,
    LINE_ITEM,
    EVENT,
    TASK,
    LEAD,
    USER,
    USER_ROLE,
    CONTACT,
    CAMPAIGN_MEMBER,
    CAMPAIGN,
    ACCOUNT,
)

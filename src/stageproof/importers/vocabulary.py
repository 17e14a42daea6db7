"""What the columns of a deal are called: by Salesforce, HubSpot, Pipedrive, and by people in spreadsheets.

Names are keys as `header_key` gives them. Earlier names win where a file has several.
"""

from __future__ import annotations

from collections.abc import Mapping

from stageproof.importers.languages import ABROAD

Names = Mapping[str, tuple[str, ...]]


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_ENGLISH: Names = {
    "deal": _names(
        "id opportunityid dealid recordid hsobjectid oppid oppnumber oppno opportunitynumber dealnumber opportunitykey"
        " dealkey casesafeid 18characterid 18digitid crmid externalid opportunityno dealno recordkey number key"
    ),
    "name": _names(
        "name opportunityname dealname title dealtitle opportunitytitle oppname deal opportunity projectname"
        " project subject topic"
    ),
    "account": _names(
        "accountname account companyname company customername customer clientname client organizationname"
        " organisationname organization organisation orgname associatedcompany associatedcompanies"
        " primaryassociatedcompany primarycompany buyer prospect potentialcustomer"
    ),
    "account_id": _names(
        "accountid companyid orgid organizationid organisationid associatedcompanyids associatedcompanyid"
        " primaryassociatedcompanyid customerid clientid"
    ),
    "pipeline": _names("pipeline pipelinename dealpipeline salespipeline dealpipelineid pipelineid"),
    "stage": _names(
        "stagename stage dealstage opportunitystage salesstage pipelinestage currentstage pipelinephase"
        " dealpipelinestage dealpipelinestageid stageid phase salesphase"
    ),
    "status": _names("status dealstatus opportunitystatus outcome result wonlost closedstatus statusreason"),
    "is_closed": _names("isclosed hsisclosed dealclosed closedyn"),
    "is_won": _names("iswon hsisclosedwon isclosedwon won dealwon"),
    "is_lost": _names("hsisclosedlost isclosedlost islost"),
    "is_deleted": _names("isdeleted deleted isarchived archived fivetrandeleted"),
    "owner": _names(
        "ownername ownerfullname opportunityowner dealowner owner salesagent salesrep salesrepresentative"
        " salesperson salespersonname repname rep accountexecutive ae agent seller assignedto assignedtouser"
        " responsible accountmanager ownedby"
    ),
    "owner_id": _names("ownerid hubspotownerid dealownerid userid assignedtoid salespersonid"),
    "team": _names("team teamname ownerteam hubspotteam salesteam ownerrole salesgroup hubspotteamid"),
    "amount": _names(
        "amount dealamount opportunityamount amountindealcurrency closevalue value dealvalue opportunityvalue"
        " totalvalue totalamount acv tcv annualcontractvalue totalcontractvalue contractvalue arr mrr revenue"
        " dealsize bookings bookingamount estimatedvalue estvalue estimatedrevenue estrevenue estimatedamount"
        " price amountconverted amountincompanycurrency"
    ),
    "won_amount": _names(
        "actualrevenue actualvalue actualamount wonamount wonvalue bookedamount bookedvalue"
    ),
    "currency": _names(
        "currencyisocode currency currencycode dealcurrencycode dealcurrency currencyofvalue valuecurrency"
        " opportunitycurrency amountcurrency isocurrency amountconvertedcurrency transactioncurrency"
    ),
    "expected_on": _names(
        "expectedclosedate expectedclose expectedclosingdate expectedcloseon estimatedclosedate"
        " estimatedclose estclosedate dateestimated estimatedclosingdate forecastclosedate"
        " targetclosedate plannedclosedate anticipatedclosedate"
    ),
    "closed_at": _names(
        "closedon actualclosedate actualclose dateclosed closeddate closedat closetime dealclosedon"
        " closeddatetime closedtime"
    ),
    "won_at": _names("wontime wondate wonat wonon datewon"),
    "lost_at": _names("losttime lostdate lostat loston datelost"),
    "close_on": _names("closedate closingdate dealclosedate opportunityclosedate close closeon"),
    "created_at": _names(
        "createddate createdate datecreated created createdat createdon creationdate createdtime dealcreated"
        " dealcreatedon dealcreateddate opportunitycreateddate opportunitycreatedate addtime addedon opendate"
        " openeddate opened openedon openedat dateopened engagedate entrydate entereddate enteredon"
        " hscreatedate"
    ),
    "modified_at": _names(
        "lastmodifieddate lastmodified lastmodifiedat hslastmodifieddate systemmodstamp updatetime updatedat"
        " updatedon lastupdated lastupdate lastupdatedat modifieddate modifiedon modifiedat modifiedtime updateddate"
        " dateupdated datemodified lastmodifiedon lastmodifiedtime"
    ),
    "stage_changed_at": _names(
        "laststagechangedate laststagechange stagechangetime stagechangedate laststagechangeon"
        " dateenteredcurrentstage"
    ),
    "forecast_category": _names(
        "forecastcategoryname forecastcategory hsforecastcategory hsmanualforecastcategory forecaststatus"
        " forecast"
    ),
    "source": _names(
        "leadsource source dealsource opportunitysource sourcechannel channel originalsource"
        " originalsourcetype originaltrafficsource hsanalyticssource latestsource"
        " latesttrafficsource origin leadorigin marketingsource"
    ),
    "campaign": _names("campaignname campaign primarycampaignsource primarycampaign utmcampaign"),
    "campaign_id": _names("campaignid primarycampaignid"),
    "segment": _names(
        "segment marketsegment customersegment businesssegment tier market region territory vertical"
        " industry sector"
    ),
    "product": _names(
        "product productname products productline solution package plan offering item sku service lineitem"
        " productinterest"
    ),
    "next_step": _names("nextstep nextsteps hsnextstep nextaction nextactivitysubject"),
    "next_step_on": _names(
        "nextstepdate nextstepdue nextstepduedate nextstepon nextactiondate nextactivitydate"
        " notesnextactivitydate nextmeetingdate"
    ),
    "lost_reason": _names(
        "lostreason lossreason closedlostreason closelostreason reasonlost reasonforloss losereason"
        " closedlostreasonc lostreasonc"
    ),
    "competitor": _names("competitor competitors maincompetitor maincompetitors primarycompetitor"),
    "deal_type": _names("dealtype opportunitytype newbusinessorexisting"),
    "renews_on": _names(
        "renewson renewaldate nextrenewaldate contractenddate contractend subscriptionend subscriptionenddate"
    ),
    "follows": _names("follows renews renewedopportunity renewedopportunityid renewedfrom priordeal"),
}

DEAL: Names = {field: (*keys, *ABROAD.get(field, ())) for field, keys in _ENGLISH.items()}

KINDS: Mapping[str, str] = {
    "amount": "money",
    "won_amount": "money",
    "expected_on": "day",
    "close_on": "day",
    "next_step_on": "day",
    "renews_on": "day",
    "closed_at": "instant",
    "won_at": "instant",
    "lost_at": "instant",
    "created_at": "instant",
    "modified_at": "instant",
    "stage_changed_at": "instant",
    "at": "instant",
    "ends_at": "instant",
    "happened_at": "instant",
    "given_at": "instant",
    "engaged_at": "instant",
    "expires_on": "day",
    "converted_at": "instant",
    "responded_at": "instant",
    "cost": "money",
    "due_on": "day",
    "starts_on": "day",
    "ends_on": "day",
    "recorded_at": "instant",
    "is_closed": "yes_no",
    "is_won": "yes_no",
    "is_lost": "yes_no",
    "is_deleted": "yes_no",
    "is_active": "yes_no",
    "is_converted": "yes_no",
    "is_done": "yes_no",
    "is_incoming": "yes_no",
    "price": "money",
    "from_on": "day",
    "is_ours": "yes_no",
}
"""What a field's text means; text where nothing is said."""

CRUCIAL = (
    "deal",
    "at",
    "amount",
    "won_amount",
    "currency",
    "close_on",
    "expected_on",
    "closed_at",
    "created_at",
    "won_at",
    "lost_at",
    "given_at",
    "expires_on",
    "from_on",
)
"""A row whose value here cannot be read is rejected; elsewhere the value is left out with a problem."""

IDS = frozenset(
    _names(
        "deal deal_id merged follows account account_id contact contact_id lead campaign campaign_id user owner_id"
        " actor manager_id"
    )
)
"""Fields in which a system's own ids stand, beside the names that people put there."""

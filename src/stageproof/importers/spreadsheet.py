"""Any spreadsheet: a deal, an account, a seller or a product by the names people give their columns."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from stageproof.importers.header import header_key
from stageproof.importers.shape import Shape, groups, names
from stageproof.importers.vocabulary import DEAL

_SELLER = (
    "salesagent salesrep rep repname agent seller salesperson owner ownername accountexecutive employee name"
)


def _any(field: str) -> str:
    return " ".join(DEAL[field])


HISTORY = Shape(
    "spreadsheet",
    "history",
    "history of deals",
    groups(
        "opportunityid dealid recordid oppid deal id",
        "stage stagename dealstage status",
        "changedat changedate changedon validfrom effectivefrom snapshotdate snapshoton stageentered enteredat"
        " entrydatetime stagechangedat asof asofdate",
    ),
    {
        **names(
            deal="opportunityid dealid recordid oppid deal id",
            at="changedat changedate changedon validfrom effectivefrom stageentered enteredat stagechangedat"
            " snapshotdate snapshoton asof asofdate entrydatetime",
            actor="changedby actor user modifiedby",
        ),
        **{
            name: DEAL[name]
            for name in (
                "stage",
                "status",
                "amount",
                "close_on",
                "forecast_category",
                "owner",
                "next_step",
                "next_step_on",
                "source",
                "segment",
                "competitor",
                "lost_reason",
            )
        },
    },
)
CHANGES = Shape(
    "spreadsheet",
    "field_history",
    "changes of fields",
    groups(
        "opportunityid dealid recordid oppid deal id",
        "field fieldname property column",
        "newvalue new to value",
        "changedat changedate changedon timestamp at date createddate",
    ),
    names(
        deal="opportunityid dealid recordid oppid deal id",
        at="changedat changedate changedon timestamp at createddate date",
        property="field fieldname property column",
        new="newvalue new to value",
        old="oldvalue old from previousvalue",
        actor="changedby actor user modifiedby",
    ),
    lacks=groups("stage stagename dealstage status amount closedate accountid caseid leadid contactid")[0],
)
DEALS = Shape(
    "spreadsheet",
    "deals",
    "deals",
    groups(
        f"{_any('deal')} {_any('name')} {_any('account')}",
        f"{_any('stage')} {_any('status')} {_any('is_won')} {_any('is_closed')} {_any('won_at')}",
        f"{_any('amount')} {_any('close_on')} {_any('expected_on')} {_any('created_at')} {_any('owner')}"
        f" {_any('closed_at')} opportunityid dealid opportunityname dealname",
    ),
    DEAL,
    lacks=frozenset(
        {"isconverted", "convertedopportunityid", "ordernumber", "invoicenumber", "casenumber", "ticketid"}
    ),
)
TEAMS = Shape(
    "spreadsheet",
    "users",
    "sellers and teams",
    groups(_SELLER, "team manager salesmanager regionaloffice region teamname office"),
    names(
        user="userid ownerid id",
        name=_SELLER,
        email="email",
        team="team teamname manager salesmanager regionaloffice region office",
        is_active="isactive active",
    ),
    lacks=frozenset({"stage", "dealstage", "stagename", "amount", "target", "quota"}),
)
PRODUCTS = Shape(
    "spreadsheet",
    "products",
    "products",
    groups("product productname name sku item", "price salesprice listprice unitprice retailprice"),
    names(
        product="product productname name item sku",
        price="salesprice listprice price unitprice retailprice",
        currency="currency currencyisocode",
    ),
    lacks=frozenset({"opportunityid", "dealid", "stage", "dealstage", "stagename"}),
)
_OF_DEAL = "opportunityid dealid recordid oppid deal opportunity dealname opportunityname"
_GIVEN = (
    "givenat givenon dategiven daygiven giventime given whengiven obtainedon dateobtained receivedon datereceived"
    " collectedon evidencedate evidencedon proofdate confirmedon dateconfirmed"
)
_EVIDENCE_KIND = (
    "evidencekind evidencetype kindofevidence typeofevidence proofkind prooftype kindofproof typeofproof"
)
_EVIDENCE = names(
    deal=_OF_DEAL,
    kind=f"{_EVIDENCE_KIND} kind type evidence proof",
    what="what description details evidence proof text note notes comment comments subject summary",
    given_at=f"{_GIVEN} date day on at",
    given_by="givenby providedby confirmedby suppliedby contact contactname person who",
    side="side givenside givenbyside party",
    expires_on="expireson expiresat expires expiry expirydate expirationdate validuntil validto goodthrough",
    located_at="locatedat where location link url document file reference source",
    verified_by="verifiedby checkedby verifier approvedby grantedby",
    criterion="criterion criterionid exitcriterion",
    evidence="evidenceid proofid id",
)
_NOT_EVIDENCE = groups(
    f"{_any('amount')} {_any('close_on')} {_any('status')} field fieldname newvalue quota target direction duration"
)[0]
_STAGED = groups(_any("stage"))[0]


def _evidence(
    *needs: str, lacks: frozenset[str] = _NOT_EVIDENCE | _STAGED, named: tuple[str, ...] = ()
) -> Shape:
    return Shape("spreadsheet", "evidence", "evidence", groups(_OF_DEAL, *needs), _EVIDENCE, lacks, named)


# Activities have a kind and a date too: it takes one header more, or the file's name, to tell evidence.
EVIDENCE = _evidence(f"{_EVIDENCE_KIND} evidence proof", f"{_GIVEN} date day on at", lacks=_NOT_EVIDENCE)
EVIDENCE_GIVEN = _evidence("kind type", _GIVEN)
EVIDENCE_NAMED = _evidence(
    "kind type",
    "date day on at",
    "criterion criterionid exitcriterion expireson expires expirydate validuntil verifiedby givenby",
    named=("evidence", "proof"),
)
_ENGAGED = (
    "lastengaged lastengagedon lastengagedat lastengagement lastengagementdate engagedon engagedat engaged"
    " lastcontact lastcontacted lastcontactedon lastcontactdate lastmet lastmeton lastmeeting lastmeetingdate"
    " lastconversation lasttouch lastactivity lastactivitydate lastseen"
)
ROLES = Shape(
    "spreadsheet",
    "roles",
    "committees",
    groups(
        _OF_DEAL,
        "contact contactname person stakeholder stakeholdername contactid buyername contactemail",
        "role roles buyingrole contactrole committeerole roleinthedeal rolename",
    ),
    names(
        deal=_OF_DEAL,
        contact="contact contactname person stakeholder stakeholdername buyername contactemail",
        contact_id="contactid",
        role="role buyingrole contactrole committeerole roleinthedeal rolename roles",
        title="title jobtitle position",
        engaged_at=_ENGAGED,
        created_at="since knownsince addedon createddate createdon",
    ),
    lacks=groups("amount closedate dealstage stagename stage status kind activitytype engagementid")[0],
)
ACTIVITIES = Shape(
    "spreadsheet",
    "activities",
    "activities",
    groups(
        "opportunityid dealid deal opportunity recordid",
        "activitydate date happenedat happenedon activityon time timestamp at",
        "type activitytype kind activity subject",
    ),
    names(
        activity="activityid id",
        deal_id="opportunityid dealid recordid deal opportunity",
        happened_at="happenedat happenedon activitydate activityon timestamp time date at",
        type="type activitytype kind activity",
        subject="subject title",
        contact="contact contactname person",
        contact_id="contactid",
        direction="direction",
        side="side party",
        outcome="outcome result",
        owner="owner user rep salesagent",
    ),
    lacks=frozenset({"stage", "dealstage", "stagename", "amount", "closedate", "field", "newvalue"}),
)
TARGETS = Shape(
    "spreadsheet",
    "targets",
    "targets",
    groups(
        "target quota targetamount quotaamount goal",
        "period quarter month year startson starts startdate from",
    ),
    names(
        owner="owner salesagent rep seller salesperson name",
        team="team teamname manager",
        amount="target quota targetamount quotaamount goal",
        currency="currency currencyisocode",
        period="period quarter month year",
        starts_on="startson starts startdate from",
        ends_on="endson ends enddate to",
    ),
    lacks=frozenset({"stage", "dealstage", "stagename"}),
)
RATES = Shape(
    "spreadsheet",
    "rates",
    "exchange rates",
    groups(
        "currency currencycode isocode currencyisocode isocurrency fromcurrency from basecurrency base sourcecurrency"
        " wahrung devise",
        "rate exchangerate fxrate conversionrate wechselkurs kurs taux",
    ),
    names(
        currency="fromcurrency basecurrency sourcecurrency base from currency currencycode isocode currencyisocode"
        " isocurrency wahrung devise",
        into="tocurrency quotecurrency targetcurrency reportingcurrency corporatecurrency companycurrency quote to into",
        rate="rate exchangerate fxrate wechselkurs kurs taux",
        conversion_rate="conversionrate",
        from_on="fromon startdate startson effectivedate effectivefrom effectiveon validfrom ratedate date day since"
        " datum",
        is_ours="iscorporate",
    ),
    lacks=groups(
        f"{_any('amount')} {_any('stage')} {_any('name')} {_any('status')} target quota owner rep opportunityid dealid"
        " field newvalue"
    )[0],
)
ACCOUNTS = Shape(
    "spreadsheet",
    "accounts",
    "accounts",
    groups(
        "account accountname company companyname customer customername client organization",
        "sector industry segment vertical employees revenue size country city officelocation",
    ),
    names(
        account="accountid companyid customerid id",
        name="accountname account companyname company customername customer client organization",
        segment="segment sector industry vertical size",
    ),
    lacks=frozenset({"stage", "dealstage", "stagename", "closedate"}),
)

SHAPES = (
    RATES,
    CHANGES,
    EVIDENCE,
    EVIDENCE_GIVEN,
    EVIDENCE_NAMED,
    ROLES,
    HISTORY,
    DEALS,
    TARGETS,
    ACTIVITIES,
    PRODUCTS,
    TEAMS,
    ACCOUNTS,
)


_IDENTITY = (
    "opportunity id",
    "deal id",
    "id",
    "opportunity name",
    "deal name",
    "name",
    "account name",
    "account",
)
_PROGRESS = ("stage", "stage name", "deal stage", "status", "deal status", "is won", "is closed")
_ALIKE = 0.7


def unlike_a_deal(headers: Sequence[str]) -> str:
    """Which columns a table of deals lacks, with the nearest header there is for each."""
    keys = {header_key(header) for header in headers}
    lacking = []
    for says, examples, fields in (
        ("an id or a name", _IDENTITY, ("deal", "name", "account")),
        ("a stage or a status", _PROGRESS, ("stage", "status", "is_won", "is_closed", "won_at")),
    ):
        if not keys & {name for field in fields for name in DEAL[field]}:
            lacking.append(f"{says} such as '{examples[0]}'{_hint(headers, examples)}")
    return " and for ".join(lacking) or "an amount, a close date, a created date or an owner"


def _hint(headers: Sequence[str], examples: Sequence[str]) -> str:
    """The header most like one of the examples, if any is alike."""
    pairs = ((header, example) for header in headers for example in examples)
    best = max(pairs, key=lambda pair: (_likeness(*pair), pair), default=None)
    if best is None or _likeness(*best) < _ALIKE:
        return ""
    return f" ('{best[0]}' looks like '{best[1]}')"


def _likeness(header: str, example: str) -> float:
    return difflib.SequenceMatcher(None, header_key(header), header_key(example)).ratio()

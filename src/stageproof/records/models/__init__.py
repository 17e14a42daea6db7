"""All models, since deals, accounts, people and targets form one graph."""

from stageproof.records.models.access import Change, IdempotencyKey, ImportRun, Invitation, SavedView, Token
from stageproof.records.models.accounts import Account, AccountVersion, Contact, ContactVersion
from stageproof.records.models.deals import Activity, Deal, DealVersion, EvidenceVersion, RoleVersion
from stageproof.records.models.definitions import DefinitionVersion
from stageproof.records.models.finance import Call, RateVersion, TargetVersion
from stageproof.records.models.history import Ledger
from stageproof.records.models.marketing import CampaignVersion, LeadVersion, Touch
from stageproof.records.models.merges import Apart, Merge
from stageproof.records.models.organisation import Organisation, Person, Team
from stageproof.records.models.readings import FrozenReading, SharedLink

__all__ = [
    "Account",
    "AccountVersion",
    "Activity",
    "Apart",
    "Call",
    "CampaignVersion",
    "Change",
    "Contact",
    "ContactVersion",
    "Deal",
    "DealVersion",
    "DefinitionVersion",
    "EvidenceVersion",
    "FrozenReading",
    "IdempotencyKey",
    "ImportRun",
    "Invitation",
    "LeadVersion",
    "Ledger",
    "Merge",
    "Organisation",
    "Person",
    "RateVersion",
    "RoleVersion",
    "SavedView",
    "SharedLink",
    "TargetVersion",
    "Team",
    "Token",
    "Touch",
]

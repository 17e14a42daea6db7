"""All models, since deals, accounts, people and targets form one graph."""

from stageproof.records.models.access import Change, IdempotencyKey, ImportRun, Invitation, SavedView, Token
from stageproof.records.models.accounts import Account, Contact
from stageproof.records.models.deals import Activity, Deal, DealVersion, EvidenceVersion, RoleVersion
from stageproof.records.models.definitions import DefinitionVersion
from stageproof.records.models.finance import Call, Rate, TargetVersion
from stageproof.records.models.history import Ledger
from stageproof.records.models.marketing import Campaign, LeadVersion, Touch
from stageproof.records.models.organisation import Organisation, Person, Team

__all__ = [
    "Account",
    "Activity",
    "Call",
    "Campaign",
    "Change",
    "Contact",
    "Deal",
    "DealVersion",
    "DefinitionVersion",
    "EvidenceVersion",
    "IdempotencyKey",
    "ImportRun",
    "Invitation",
    "LeadVersion",
    "Ledger",
    "Organisation",
    "Person",
    "Rate",
    "RoleVersion",
    "SavedView",
    "TargetVersion",
    "Team",
    "Token",
    "Touch",
]

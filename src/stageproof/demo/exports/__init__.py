"""Demo Company as other systems would export it: Salesforce, HubSpot, Pipedrive."""

from stageproof.demo.exports.hubspot import write_hubspot
from stageproof.demo.exports.pipedrive import write_pipedrive
from stageproof.demo.exports.salesforce import write_salesforce

__all__ = ["write_hubspot", "write_pipedrive", "write_salesforce"]

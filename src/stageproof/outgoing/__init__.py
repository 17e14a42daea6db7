"""Outgoing: what this deployment asks of other servers, never of itself or of the network that it stands in.

Everything that fetches an address which somebody typed, or which another server named, goes through `fetch`.
"""

from stageproof.outgoing.fetch import Fetched, Unreachable, fetch

__all__ = ["Fetched", "Unreachable", "fetch"]

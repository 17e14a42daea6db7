"""Addresses: which ones belong to somebody on the open internet.

The tables are ours. Those of Python's `ipaddress` change from release to release, and what it calls global includes
addresses that lead back here in another dress.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address

# IANA's registries of special-purpose addresses; what a private network may be made of comes first.
_PRIVATE_4 = [
    IPv4Network(each)
    for each in ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
]
_NOBODY_4 = [
    IPv4Network(each)
    for each in (
        "0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24",
        "192.88.99.0/24", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
        # Two providers of machines answer here with what their machines may know.
        "168.63.129.16/32", "100.100.100.200/32",
    )
]  # fmt: skip
_PRIVATE_6 = [IPv6Network(each) for each in ("::1/128", "fc00::/7")]
_PUBLIC_6 = IPv6Network("2000::/3")
_NOBODY_6 = [
    IPv6Network(each)
    for each in (
        "2001::/23", "2001:db8::/32", "2620:4f:8000::/48", "3fff::/20",
        # The same providers, inside a private range.
        "fd00:ec2::254/128", "fd20:ce::254/128",
    )
]  # fmt: skip
# Where an IPv6 address is a dress of an IPv4 address: the network, and how many bits follow that address.
_DRESSES = [
    (IPv6Network("::ffff:0:0/96"), 0),
    (IPv6Network("::ffff:0:0:0/96"), 0),
    (IPv6Network("64:ff9b::/96"), 0),
    (IPv6Network("2002::/16"), 80),
]
# ISATAP writes it into the second half of any address.
_ISATAP = (0x00005EFE, 0x02005EFE)


def is_public(address: Address) -> bool:
    """Whether the address, and every address written into it, is somebody's on the open internet."""
    if isinstance(address, IPv4Address):
        return not _within(address, _PRIVATE_4) and not _within(address, _NOBODY_4)
    undressed = _undressed(address)
    if undressed is not None and not is_public(undressed):
        return False
    is_dress = any(address in network for network, _ in _DRESSES)
    return is_dress or (address in _PUBLIC_6 and not _within(address, _NOBODY_6))


def is_private(address: Address) -> bool:
    """Whether the address is of a network of one's own, where a named host may stand.

    Never true for link-local addresses: there, machines are told their secrets.
    """
    if isinstance(address, IPv4Address):
        return _within(address, _PRIVATE_4) and not _within(address, _NOBODY_4)
    undressed = _undressed(address)
    if undressed is not None:
        return is_private(undressed)
    return _within(address, _PRIVATE_6) and not _within(address, _NOBODY_6)


def read_address(text: str) -> Address:
    """The address that a resolver gave; a zone behind it says which wire, and makes it no one's."""
    return ip_address(text.partition("%")[0])


def _undressed(address: IPv6Address) -> IPv4Address | None:
    for network, behind in _DRESSES:
        if address in network:
            return IPv4Address(int(address) >> behind & 0xFFFFFFFF)
    if int(address) >> 32 & 0xFFFFFFFF in _ISATAP:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def _within(address: Address, networks: list[IPv4Network] | list[IPv6Network]) -> bool:
    return any(address in network for network in networks)

"""Which addresses outgoing HTTP may reach: those that only lead to the public internet."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

# Forms of IPv6 that carry an IPv4 address to some gateway. The standard library calls several
# of them global, although they lead to the loopback or a private network just as well.
_CARRIERS: Final = tuple(
    IPv6Network(net)
    for net in ("::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16", "fec0::/10")
)
_SHARED: Final = (
    IPv4Network("100.64.0.0/10"),
    IPv4Network("192.0.0.0/24"),
    IPv4Network("192.88.99.0/24"),
    IPv4Network("198.18.0.0/15"),
)


def is_public_address(text: str) -> bool:
    """True when ``text`` is an IP address of the public internet, and of nothing else."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    if mapped is not None:
        address = mapped
    special: tuple[IPv4Network, ...] | tuple[IPv6Network, ...]
    special = _SHARED if isinstance(address, IPv4Address) else _CARRIERS
    return (
        address.is_global
        and not (address.is_multicast or address.is_reserved or address.is_unspecified)
        and not any(address in network for network in special)
    )

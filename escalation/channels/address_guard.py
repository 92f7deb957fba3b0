"""The address guard 地址核验: a call outside reaches the configured host and nothing of our own network.

Whoever can change a DNS entry (or a setting) could otherwise have the server speak to machines that only it reaches,
such as the metadata service of a cloud. Every address of the host is looked at before each call, and the call goes to
an address that was looked at: between the look and the call there is no second resolution.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence
from typing import TypeAlias

Resolve: TypeAlias = Callable[[str, int], Sequence[str]]
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_THIS_NETWORK = ipaddress.ip_network("0.0.0.0/8")


class ForbiddenAddressError(ValueError):
    """The host leads where a call must not go. The words go into a sentence; they name the `address` and the cure."""


def resolve(host: str, port: int) -> list[str]:
    """Every address of a host. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def pinned(
    host: str, port: int, allow_private: bool, look_up: Resolve = resolve, *, setting: str = "allow_private"
) -> str:
    """The address to call, IPv4 first. One bad address among several refuses them all. `setting` opens private ones.

    Raises:
        ForbiddenAddressError: an address that must not be called.
        OSError: the host is not known.
    """
    addresses = look_up(host, port)
    if not addresses:
        raise OSError(f"no address of {host}")
    for one in addresses:
        if not is_allowed(one, allow_private):
            raise ForbiddenAddressError(_why(host, one, allow_private, setting))
    return min(addresses, key=lambda one: ":" in one)


def literal(host: str, allow_private: bool, *, setting: str = "allow_private") -> str:
    """Why a host that is written as a number must not be called; empty where it may, or where it is a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return ""
    return "" if is_allowed(host, allow_private) else _why(host, host, allow_private, setting)


def _why(host: str, address: str, allow_private: bool, setting: str) -> str:
    leads = f"主机 {host} 指向不许访问的地址 {address}" if host != address else f"主机 {host} 是不许访问的地址"
    if allow_private or not is_allowed(address, allow_private=True):
        return f"{leads}，未发送；请核对地址与域名解析"
    return f"{leads}，未发送；请核对地址与域名解析，确为校内系统时在设置中写 {setting} = true"


def is_allowed(address: str, allow_private: bool) -> bool:
    """Whether a call may go to this address. Pure.

    Private and loopback addresses need the setting; link-local (metadata services), multicast, unspecified and
    reserved ones are never called. An IPv4 address wrapped into an IPv6 one counts as what it is.
    """
    try:
        found = _unwrapped(ipaddress.ip_address(address.partition("%")[0]))
    except ValueError:
        return False
    if found.is_multicast or found.is_unspecified or found.is_link_local:
        return False
    if found.version == 4 and found in _THIS_NETWORK:
        return False
    if found.is_loopback:
        return allow_private
    return not found.is_reserved and (found.is_global or (allow_private and found.is_private))


def _unwrapped(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)

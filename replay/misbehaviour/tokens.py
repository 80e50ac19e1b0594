"""What honest members come with: devices, cards, an address, networks, all as tokens that mean nothing.

A token follows from the seed and the member alone. Some members are a household and share an address and
a network, a few of them a device or a card too; some sit in one office and share its network.
"""

from __future__ import annotations

from hashlib import blake2s
from typing import NamedTuple

from replay.invented import dice_of

HOUSEHOLDS = 400
OFFICES = 60
IN_A_HOUSEHOLD = 0.15
SHARES_DEVICE = 0.4
SHARES_CARD = 0.3
IN_AN_OFFICE = 0.08
SECOND_DEVICE = 0.35
SECOND_CARD = 0.2

COUNTRIES = {
    "Australia": "AU", "Austria": "AT", "Bahrain": "BH", "Belgium": "BE", "Brazil": "BR",
    "Canada": "CA", "Channel Islands": "JE", "Cyprus": "CY", "Czech Republic": "CZ",
    "Denmark": "DK", "EIRE": "IE", "Finland": "FI", "France": "FR", "Germany": "DE",
    "Greece": "GR", "Hong Kong": "HK", "Iceland": "IS", "Israel": "IL", "Italy": "IT",
    "Japan": "JP", "Lebanon": "LB", "Lithuania": "LT", "Malta": "MT", "Netherlands": "NL",
    "Norway": "NO", "Poland": "PL", "Portugal": "PT", "RSA": "ZA", "Saudi Arabia": "SA",
    "Singapore": "SG", "Spain": "ES", "Sweden": "SE", "Switzerland": "CH", "USA": "US",
    "United Arab Emirates": "AE", "United Kingdom": "GB",
}  # fmt: skip


class Tokens(NamedTuple):
    """What somebody comes with, as `schemas.risk` names it."""

    device: str | None
    card: str | None
    address: str | None
    network: str | None
    country: str | None


class Belongings(NamedTuple):
    """All that a member has; the first of each is the usual one."""

    devices: tuple[str, ...]
    cards: tuple[str, ...]
    address: str
    networks: tuple[str, ...]
    country: str | None


def token(*parts: object) -> str:
    """A token: the same parts give the same one.

    >>> token(1, "card") == token(1, "card") != token(2, "card")
    True
    """
    return blake2s("/".join(map(str, parts)).encode(), digest_size=8).hexdigest()


def belongings(seed: int, member_id: str, country: str | None) -> Belongings:
    """What a member has; `country` as the data writes it."""
    dice = dice_of(seed, "belongings", member_id)
    own = (seed, "member", member_id)
    household: tuple[object, ...] = own
    shares_device = shares_card = False
    if dice.random() < IN_A_HOUSEHOLD:
        household = (seed, "household", dice.randrange(HOUSEHOLDS))
        shares_device = dice.random() < SHARES_DEVICE
        shares_card = dice.random() < SHARES_CARD
    devices = [token(*(household if shares_device else own), "device")]
    if dice.random() < SECOND_DEVICE:
        devices.append(token(*own, "second device"))
    cards = [token(*(household if shares_card else own), "card")]
    if dice.random() < SECOND_CARD:
        cards.append(token(*own, "second card"))
    networks = [token(*household, "network"), token(*own, "mobile network")]
    if dice.random() < IN_AN_OFFICE:
        networks.insert(0, token(seed, "office", dice.randrange(OFFICES), "network"))
    return Belongings(
        devices=tuple(devices),
        cards=tuple(cards),
        address=token(*household, "address"),
        networks=tuple(networks),
        country=COUNTRIES.get(country or ""),
    )

"""Who is held out: by a hash of the campaign's salt and the member, so that anybody can draw it again."""

from __future__ import annotations

from hashlib import blake2b

from schemas.campaigns import Campaign, Group

DRAWS = 1 << 64


def drawn(campaign: Campaign, member_id: str) -> Group:
    """The group of a member: HOLD_OUT with the campaign's share, TREATMENT else.

    The draw is the first 64 bits of BLAKE2b over the salt, a zero byte and the member, as a number.
    """
    content = campaign.salt.encode() + b"\0" + member_id.encode()
    draw = int.from_bytes(blake2b(content, digest_size=8).digest())
    return Group.HOLD_OUT if draw < campaign.holdout_share * DRAWS else Group.TREATMENT

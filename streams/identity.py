"""Who is who: partitions of keys, ids of what agents say, and the ring of ids a key has seen.

Everything here is a function of its arguments, so that the same cause gives the same id in every
run, and a reader can drop what comes twice.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b, sha1

MASK = 0xFFFFFFFF
MULTIPLIER = 0x5BD1E995
RING_LENGTH = 32
HASH_BYTES = 8
ENTRY_BYTES = 2 * HASH_BYTES
RING_BYTES = RING_LENGTH * ENTRY_BYTES
KEYS_CACHED = 1 << 16
TWO_DIGITS = tuple(f"{number:02x}" for number in range(256))
SINGLE_OBJECT_FIRST = 0xC3
SINGLE_OBJECT_HEADER, CONFLUENT_HEADER = 10, 5


def murmur2(data: bytes) -> int:
    """The 32-bit hash by which Kafka's own clients choose a partition, made positive.

    >>> murmur2(b"21") == -973932308 & 0x7FFFFFFF
    True
    """
    length = len(data)
    value = 0x9747B28C ^ length
    whole = length & ~3
    for at in range(0, whole, 4):
        word = int.from_bytes(data[at : at + 4], "little") * MULTIPLIER & MASK
        word = (word ^ word >> 24) * MULTIPLIER & MASK
        value = (value * MULTIPLIER & MASK) ^ word
    if length > whole:
        value ^= int.from_bytes(data[whole:], "little")
        value = value * MULTIPLIER & MASK
    value = (value ^ value >> 13) * MULTIPLIER & MASK
    return (value ^ value >> 15) & 0x7FFFFFFF


@lru_cache(maxsize=KEYS_CACHED)
def partition_of(key: str, partitions: int) -> int:
    """The partition of a key among so many."""
    return murmur2(key.encode()) % partitions


def derived_id(cause: str, speaker: str, key: str, position: int, heard_by: int = 0) -> str:
    """The id of what `speaker` says `position`-th at `key` on hearing `cause`: a UUID, version 8.

    Its last byte is no hash: it says how many of the stage's first agents are still to hear an
    outcome that comes back through the repartition topic (0: all that listen).
    """
    seed = f"{cause}\x1f{speaker}\x1f{key}\x1f{position}"
    digest = sha1(seed.encode(), usedforsecurity=False).hexdigest()
    return (
        f"{digest[:8]}-{digest[8:12]}-8{digest[12:15]}-a{digest[15:18]}-"
        f"{digest[18:28]}{TWO_DIGITS[heard_by]}"
    )


def still_to_hear(event_id: str) -> int:
    """The mark that `derived_id` left: how many of the first agents hear it, 0 for all."""
    return int(event_id[-2:], 16)


def short_hash(data: bytes) -> bytes:
    """Eight bytes that stand for the data."""
    return blake2b(data, digest_size=HASH_BYTES).digest()


def content_hash(value: bytes) -> bytes:
    """The hash of a record's content without its header: the same in both wire forms."""
    header = SINGLE_OBJECT_HEADER if value[0] == SINGLE_OBJECT_FIRST else CONFLUENT_HEADER
    return short_hash(value[header:])


def recall(ring: bytes, id_hash: bytes) -> bytes | None:
    """The content hash under which the ring knows this id, or none."""
    at = ring.find(id_hash)
    while at >= 0:
        if at % ENTRY_BYTES == 0:
            return ring[at + HASH_BYTES : at + ENTRY_BYTES]
        at = ring.find(id_hash, at + 1)
    return None


def remember(ring: bytes, id_hash: bytes, content: bytes) -> bytes:
    """The ring with one id more, and without its oldest when it is full."""
    return (ring + id_hash + content)[-RING_BYTES:]

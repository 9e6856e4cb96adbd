"""Which ids have passed by, in 16 to 32 bytes each."""

from __future__ import annotations

from array import array
from hashlib import blake2b

_EMPTY = 0


class Seen:
    """A set of ids, each known by a 64-bit digest: among a million, two are taken for one with a
    chance of 1 in 37 million. Numbers lie in one array and are found by open addressing."""

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 * 1024))
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, id: str) -> bool:
        """Add an id; whether it is new."""
        digest = blake2b(id.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        number = int.from_bytes(digest, "little") or 1
        if not _put(self._slots, number):
            return False
        self._count += 1
        if 2 * self._count > len(self._slots):
            self._grow()
        return True

    def _grow(self) -> None:
        old, self._slots = self._slots, array("Q", bytes(16 * len(self._slots)))
        for number in old:
            if number != _EMPTY:
                _put(self._slots, number)


def _put(slots: array[int], number: int) -> bool:
    """Put a number where it belongs; whether it was not there."""
    mask = len(slots) - 1
    at = number & mask
    while (found := slots[at]) != _EMPTY:
        if found == number:
            return False
        at = (at + 1) & mask
    slots[at] = number
    return True

"""Which ids have passed by."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stance.seen import Seen


@given(st.lists(st.text(max_size=3)))
def test_it_is_a_set(ids: list[str]) -> None:
    seen, known = Seen(), set[str]()
    for one in ids:
        assert seen.add(one) == (one not in known)
        known.add(one)
    assert len(seen) == len(known)


def test_it_grows() -> None:
    seen = Seen()
    assert all(seen.add(str(n)) for n in range(5000))
    assert not any(seen.add(str(n)) for n in range(5000))

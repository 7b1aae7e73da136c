"""The bounded cache: the least recently used value is dropped first."""

from __future__ import annotations

from graphlang.spec.recently_used import RecentlyUsed


def test_the_least_recently_used_value_is_dropped_first() -> None:
    cache: RecentlyUsed[str] = RecentlyUsed(2)
    cache["a"], cache["b"] = "A", "B"
    assert cache.get("a") == "A"
    cache["c"] = "C"
    assert [cache.get(key) for key in "abc"] == ["A", None, "C"]


def test_a_value_is_made_only_if_it_is_not_in_the_cache() -> None:
    cache: RecentlyUsed[list[int]] = RecentlyUsed(2)
    first = cache.get_or_make(1, lambda: [1])
    assert cache.get_or_make(1, lambda: [2]) is first
    cache[2], cache[3] = [2], [3]
    assert cache.get_or_make(1, lambda: [4]) == [4]


def test_a_value_that_is_set_again_counts_as_used() -> None:
    cache: RecentlyUsed[str] = RecentlyUsed(2)
    cache["a"], cache["b"] = "A", "B"
    cache["a"] = "new"
    cache["c"] = "C"
    assert cache.values() == ["new", "C"]
    assert len(cache) == 2

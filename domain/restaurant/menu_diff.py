"""What a new menu would change of the present one, item by item and field by field."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from domain.restaurant.menu import MenuItem


class FieldChange(NamedTuple):
    """One field of one item, before and after, as plain JSON values."""

    item_id: str
    field: str
    before: Any
    after: Any


class Differences(NamedTuple):
    """Ids of items added and removed, the fields that change, and whether the rest stands in another order."""

    added: list[str]
    removed: list[str]
    changed: list[FieldChange]
    reordered: bool

    @property
    def none(self) -> bool:
        """Whether both are the same menu."""
        return not (self.added or self.removed or self.changed or self.reordered)


def differences(before: Mapping[str, MenuItem], after: Iterable[MenuItem]) -> Differences:
    """From the present menu to the new one."""
    there = {item.item_id: item for item in after}
    kept = [item_id for item_id in before if item_id in there]
    return Differences(
        added=[item_id for item_id in there if item_id not in before],
        removed=[item_id for item_id in before if item_id not in there],
        changed=[change for item_id in kept for change in _changes(before[item_id], there[item_id])],
        reordered=kept != [item_id for item_id in there if item_id in before],
    )


def _changes(before: MenuItem, after: MenuItem) -> list[FieldChange]:
    if before == after:
        return []
    old, new = before.model_dump(mode="json"), after.model_dump(mode="json")
    return [FieldChange(after.item_id, name, old[name], new[name]) for name in old if old[name] != new[name]]

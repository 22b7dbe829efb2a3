"""What was chosen with an item: whether it may be, and what it adds to the price of one."""

from collections import Counter
from collections.abc import Sequence

from domain.order.basket import Chosen, NestedChoice
from domain.order.errors import ModifierCountRefused, ModifierUnavailable, ModifierUnknown
from domain.order.events import PricedChoice, PricedModifier
from domain.restaurant.menu import Choice, ChoiceGroup, ModifierGroup, Option


def choose(
    groups: Sequence[ModifierGroup], chosen: Sequence[Chosen], pointer: str
) -> tuple[int, tuple[PricedModifier, ...] | None]:
    """What the choices add to the price of one, in minor units, and how they are written down.

    ``pointer`` is where the choices stand in the request. Raises the refusal that names the choice or the group.
    """
    added, told = 0, []
    for index, choice in enumerate(chosen):
        at = f"{pointer}/{index}"
        option = _option(groups, choice, at)
        assert isinstance(option, Option)
        nested_added, nested = _nested(option.modifier_groups, choice.modifiers, f"{at}/modifiers")
        added += choice.quantity * (option.price_delta_minor + nested_added)
        told.append(
            PricedModifier(
                group_id=choice.group_id,
                modifiers=nested,
                name=option.name,
                option_id=choice.option_id,
                price_delta_minor=option.price_delta_minor,
                quantity=choice.quantity,
            )
        )
    _count(groups, chosen, pointer)
    return added, tuple(told) or None


def _nested(
    groups: Sequence[ChoiceGroup], chosen: Sequence[NestedChoice], pointer: str
) -> tuple[int, tuple[PricedChoice, ...] | None]:
    added, told = 0, []
    for index, choice in enumerate(chosen):
        option = _option(groups, choice, f"{pointer}/{index}")
        added += choice.quantity * option.price_delta_minor
        told.append(
            PricedChoice(
                group_id=choice.group_id,
                name=option.name,
                option_id=choice.option_id,
                price_delta_minor=option.price_delta_minor,
                quantity=choice.quantity,
            )
        )
    _count(groups, chosen, pointer)
    return added, tuple(told) or None


def _option(groups: Sequence[ModifierGroup | ChoiceGroup], choice: NestedChoice, at: str) -> Option | Choice:
    for group in groups:
        if group.group_id == choice.group_id:
            for option in group.options:
                if option.option_id == choice.option_id:
                    if not option.available:
                        raise ModifierUnavailable(pointer=f"{at}/option_id", option_id=choice.option_id)
                    return option
            raise ModifierUnknown(pointer=f"{at}/option_id", option_id=choice.option_id)
    raise ModifierUnknown(pointer=f"{at}/group_id", group_id=choice.group_id)


def _count(groups: Sequence[ModifierGroup | ChoiceGroup], chosen: Sequence[NestedChoice], pointer: str) -> None:
    taken: Counter[str] = Counter()
    for choice in chosen:
        taken[choice.group_id] += choice.quantity
    for group in groups:
        if not group.min <= taken[group.group_id] <= group.max:
            raise ModifierCountRefused(pointer=pointer, group_id=group.group_id, min=group.min, max=group.max)

"""Tax, and shares of a discount, in whole minor units.

The rounding rule: tax is computed once for each rate, on the sum of all that is taxed at it, and rounded half up. Where
prices include tax, the tax within ``gross`` is ``gross * rate / (1 + rate)``, else that upon ``net`` is ``net * rate``.
The two agree: what is net plus the tax upon it has that very tax within.
"""

from collections.abc import Sequence

from domain.restaurant.settings import PPM


def tax_upon(net_minor: int, rate_ppm: int) -> int:
    """What is added to ``net_minor``."""
    return (2 * net_minor * rate_ppm + PPM) // (2 * PPM)


def tax_within(gross_minor: int, rate_ppm: int) -> int:
    """What ``gross_minor`` contains."""
    whole = PPM + rate_ppm
    return (2 * gross_minor * rate_ppm + whole) // (2 * whole)


def part_of(amount_minor: int, rate_ppm: int) -> int:
    """A rate of an amount, rounded half up as tax is."""
    return tax_upon(amount_minor, rate_ppm)


def shares(amount_minor: int, weights: Sequence[int]) -> list[int]:
    """``amount_minor`` in parts as the weights are, which sum to it: the largest remainders are rounded up.

    No part is larger than its weight where the amount is not larger than their sum.
    """
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    parts = [amount_minor * weight // whole for weight in weights]
    remainders = sorted(range(len(weights)), key=lambda n: (-(amount_minor * weights[n] % whole), n))
    for n in remainders[: amount_minor - sum(parts)]:
        parts[n] += 1
    return parts

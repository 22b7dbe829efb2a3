"""Money: integer minor units of an ISO 4217 currency; amounts of two currencies never meet."""

from typing import Annotated

from pydantic import AfterValidator, Field, StrictInt, StringConstraints

from domain.event import Part
from domain.values import From, Value

AMOUNT_MAX_MINOR = 10**12
"""Ten thousand million of a currency: nine million orders of it still add up within a 64-bit sum."""

# ISO 4217 list one (active codes that name a currency), as published 2024-06-25.
CURRENCIES = frozenset(
    """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD
    CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ
    GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR
    LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN
    PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB
    TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG
    """.split()  # noqa: SIM905  a column of 160 strings says no more
)


def _known(code: str) -> str:
    if code not in CURRENCIES:
        msg = "an ISO 4217 currency code is expected, such as GBP or EUR"
        raise ValueError(msg)
    return code


Currency = Annotated[str, StringConstraints(strict=True, min_length=3, max_length=3), AfterValidator(_known)]


class Money(Part):
    """An amount in minor units (pence, cents; yen as they are) of one currency, as events and answers say it."""

    amount_minor: int
    currency: str


class MoneyInput(Value):
    """An amount as a request says it, held against the rules of today."""

    amount_minor: Annotated[StrictInt, Field(ge=0, le=AMOUNT_MAX_MINOR)]
    currency: Currency


GivenMoney = Annotated[Money, From(MoneyInput)]
"""Money out of a request: checked, never negative."""

"""Every setting of every process, read from the environment once, by the main that needs it."""

import json
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from domain.account.events import Grant
from infra.refusal import CannotStart

PREFIX = "COMANDA_"

PROCESSES_MAX = 64
THREADS_MAX = 64
FAILURES_MAX = 1_000_000
ROLES_MAX = 1_000
PROXIES_MAX = 1_000
MAPPED_BITS = 96
"""Before an IPv4 address that is written as one of IPv6 (RFC 4291, section 2.5.5.2)."""
_SOME_ID = "00000000-0000-4000-8000-000000000000"


def _scheme(*allowed: str) -> AfterValidator:
    def check(url: str) -> str:
        if not url.startswith(tuple(f"{scheme}://" for scheme in allowed)):
            raise ValueError(f"a URL that begins with {allowed[0]}:// is needed")
        return url

    return AfterValidator(check)


def _grants(roles: dict[str, list[str]]) -> dict[str, list[str]]:
    """Each grant is one; a star in the place of a restaurant's id stands for that of the claim's value."""
    for value, grants in roles.items():
        for grant in grants:
            Grant.parse(grant.replace("*", _SOME_ID) if value.endswith(":*") else grant)
    return roles


def _networks(told: object) -> object:
    """The networks of a comma-separated text; an address is a network of one."""
    return tuple(_network(text.strip()) for text in told.split(",")) if isinstance(told, str) else told


def _network(text: str) -> IPv4Network | IPv6Network:
    """An IPv4 network may be written as a socket that takes both kinds writes it: ``::ffff:10.0.0.0/104``."""
    told = ip_network(text)
    mapped = (
        told.network_address.ipv4_mapped if isinstance(told, IPv6Network) and told.prefixlen >= MAPPED_BITS else None
    )
    return told if mapped is None else IPv4Network((mapped, told.prefixlen - MAPPED_BITS))


DatabaseUrl = Annotated[str, _scheme("postgresql", "postgres")]
AmqpUrl = Annotated[str, _scheme("amqp", "amqps")]
PublicUrl = Annotated[str, _scheme("https", "http"), Field(max_length=300)]
Roles = Annotated[dict[str, list[str]], AfterValidator(_grants), Field(max_length=ROLES_MAX)]
Networks = Annotated[
    tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_networks), Field(max_length=PROXIES_MAX)
]
Rate = Annotated[float, Field(ge=0.1, le=1_000_000)]
Port = Annotated[int, Field(ge=0, le=65_535)]


class Settings(BaseSettings):
    """What may be set, under COMANDA_ and its upper-case name; an empty variable counts as none."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="ignore")

    database_url: DatabaseUrl | None = Field(default=None, repr=False)  # None: the embedded PostgreSQL
    amqp_url: AmqpUrl | None = Field(default=None, repr=False)  # None: the in-process broker
    host: str = "127.0.0.1"
    port: Port = 8080
    data: Path = Path("data")
    trusted_proxies: Networks = ()  # from whom X-Forwarded-For is believed; addresses and networks, comma-separated
    api_processes: int = Field(default=2, ge=1, le=PROCESSES_MAX)
    worker_processes: int = Field(default=1, ge=1, le=PROCESSES_MAX)
    worker_threads: int = Field(default=4, ge=1, le=THREADS_MAX)
    master_key: str | None = Field(default=None, repr=False)  # base64 of 32 bytes; several, comma-separated
    master_key_file: Path | None = None  # the same, in a file; `comanda up` makes one in the data folder
    issuer: PublicUrl = "http://localhost:8080"  # the URL under which clients reach the api; our name in tokens
    first_party_clients: str = "comanda"  # public clients to which people may give their passwords, comma-separated
    oidc_issuer: PublicUrl | None = None  # an OpenID provider whose tokens are taken beside ours
    oidc_audience: str | None = None  # the audience that its tokens must have
    oidc_role_claim: str = "roles"
    oidc_roles: Roles = Field(default_factory=dict)  # JSON: for each value of that claim, the grants that it gives
    argon2_time_cost: int = Field(default=3, ge=1, le=100)
    argon2_memory_kib: int = Field(default=65_536, ge=8, le=4_194_304)
    sign_in_failures_per_login: int = Field(default=10, ge=1, le=FAILURES_MAX)  # within ten minutes
    sign_in_failures_per_address: int = Field(default=100, ge=1, le=FAILURES_MAX)
    rate_machines: Rate = 10_000  # requests a second, of each app, operator and auditor; reads and writes each
    rate_houses: Rate = 100  # of each person of a restaurant, and each courier
    rate_customers: Rate = 10  # of everybody else who has signed in
    rate_anonymous: Rate = 20  # of each address that has not
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_json: bool = False

    def environment(self) -> dict[str, str]:
        """The same settings as variables, for a child process."""
        told = {name: value for name, value in self.model_dump().items() if value is not None}
        return {f"{PREFIX}{name.upper()}": _written(value) for name, value in told.items()}

    def needed_database_url(self) -> str:
        """The database's address, for a command that cannot do without.

        Raises:
            CannotStart: none is set.
        """
        if self.database_url is None:
            raise CannotStart("COMANDA_DATABASE_URL is not set: name a PostgreSQL, or start everything with comanda up")
        return self.database_url


def read_settings(**given: Any) -> Settings:
    """The environment's settings; what is given here (and not None) goes first.

    Raises:
        CannotStart: with one line that names each wrong variable and what it should be, and shows no URL.
    """
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as invalid:
        complaints = [_complaint(str(error["loc"][0]), error["msg"]) for error in invalid.errors()]
        raise CannotStart("; ".join(complaints)) from None


def _written(value: object) -> str:
    if isinstance(value, dict):
        return json.dumps(value)
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _complaint(name: str, what: str) -> str:
    reason = what.removeprefix("Value error, ")
    return f"{PREFIX}{name.upper()} is wrong ({reason[0].lower()}{reason[1:]}): correct it, or unset it"

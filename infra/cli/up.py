"""`comanda up`: everything on one machine, from an empty folder to the first order, until Ctrl-C."""

import sys
from contextlib import ExitStack, suppress
from pathlib import Path

import click
from rich.console import Console

from infra import master_key
from infra.cli.first_run import Demo, demo_restaurant, run_to_end
from infra.data_folder import hold
from infra.embedded import EmbeddedPostgres
from infra.reachable import check_broker, check_database, free_port
from infra.service import Service
from infra.settings import Settings, read_settings
from infra.supervisor import StopAsked, StopSignals, Supervisor

API, SEQUENCER, WORKER = range(3)  # the order in which they stop

# -P: the folder that one happens to stand in is no place to import from.
_COMANDA = (sys.executable, "-P", "-m", "infra.cli.main")

_EVERYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104  no listening, only its meaning


@click.command()
@click.option("--port", type=int, help="Where the API listens; 0 takes a free one. [default: 8080]")
@click.option("--host", help="On which address. [default: 127.0.0.1]")
@click.option("--data", type=click.Path(path_type=Path), help="The data folder, kept between runs. [default: ./data]")
def up(port: int | None, host: str | None, data: Path | None) -> None:
    """Start everything, and stop it cleanly on Ctrl-C.

    PostgreSQL is embedded unless COMANDA_DATABASE_URL names one; hints go through RabbitMQ where COMANDA_AMQP_URL
    names one, else within one worker process.
    """
    settings = read_settings(port=port, host=host, data=data)
    settings = settings.model_copy(update={"data": settings.data.resolve()})
    signals = StopSignals()
    with signals.caught(), suppress(StopAsked):
        _up(settings, signals)


def _up(wanted: Settings, signals: StopSignals) -> None:
    with ExitStack() as stack:
        stack.enter_context(hold(wanted.data))
        port = free_port(wanted.host, wanted.port)
        if wanted.amqp_url is not None:
            check_broker(wanted.amqp_url)
        postgres = _embedded(wanted, signals, stack)
        url = wanted.database_url if postgres is None else postgres.url
        settings = wanted.model_copy(update={"port": port, "database_url": url, **_master_key(wanted)})
        if "issuer" not in wanted.model_fields_set:
            settings = settings.model_copy(update={"issuer": _address(settings)})
        run_to_end([*_COMANDA, "migrate"], settings, signals)
        demo = demo_restaurant([*_COMANDA, "seed"], settings, signals, embedded=postgres is not None)
        supervisor = Supervisor(services(settings), signals, _say, postgres)
        stack.callback(supervisor.stop)
        stack.callback(_say, "stopping ...")
        supervisor.wait_until_ready(_reached_at(settings).strip("[]"), port)
        _greet(settings, demo)
        supervisor.run()


def services(settings: Settings) -> list[Service]:
    """What runs beside PostgreSQL; without RabbitMQ one process is both sequencer and worker, and its broker."""
    environment = settings.environment()

    def service(name: str, stage: int, *arguments: str) -> Service:
        return Service(name=name, command=[*_COMANDA, *arguments], environment=environment, stage=stage)

    apis = [service(f"api {number}", API, "api") for number in range(1, settings.api_processes + 1)]
    if settings.amqp_url is None:
        return [*apis, service("worker", WORKER, "worker", "--with-sequencer")]
    workers = [service(f"worker {number}", WORKER, "worker") for number in range(1, settings.worker_processes + 1)]
    return [*apis, service("sequencer", SEQUENCER, "sequencer"), *workers]


def _embedded(wanted: Settings, signals: StopSignals, stack: ExitStack) -> EmbeddedPostgres | None:
    if wanted.database_url is not None:
        check_database(wanted.database_url)
        return None
    postgres = EmbeddedPostgres(wanted.data, meanwhile=signals.check)
    stack.callback(postgres.close)
    postgres.start()
    return postgres


def _master_key(wanted: Settings) -> dict[str, Path]:
    """Where it is, unless one is given: a file in the data folder, which a first run makes."""
    if wanted.master_key is not None or wanted.master_key_file is not None:
        return {}
    return {"master_key_file": master_key.ensure(wanted.data)}


def _greet(settings: Settings, demo: Demo) -> None:
    address = _address(settings)
    console = Console(highlight=False)
    console.print(f"\n[bold]Comanda is open at [green]{address}[/green][/bold]; Ctrl-C stops it.\n")
    if not demo.accounts:
        console.print("Its users are those of its database; comanda users administers them.\n")
        return
    console.print("Demo users, by role:")
    for account in demo.accounts:
        console.print(
            f"  {account['role']:<17} {account['login']:<37} {account['secret']}", markup=False, soft_wrap=True
        )
    console.print()
    for what, line in _first_steps(address, demo):
        console.print(what)
        console.print(f"  {line}\n", markup=False, soft_wrap=True)  # one line, to be copied whole


def _first_steps(address: str, demo: Demo) -> tuple[tuple[str, str], ...]:
    """What to do first, as lines for a shell."""
    customer = next(account for account in demo.accounts if account["role"] == "customer")
    form = (
        f"-d grant_type=password -d client_id=comanda -d username={customer['login']} -d password={customer['secret']}"
    )
    read = """sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/'"""
    body = (
        f'{{"restaurant_id":"{demo.restaurant_id}","fulfilment":"pickup",'
        '"lines":[{"item_id":"margherita","quantity":1}],"customer":{"name":"Ada"}}'
    )
    me, key = '-H "Authorization: Bearer $TOKEN"', '-H "Idempotency-Key: $(date +%s%N)"'
    place = f"curl -sS {address}/v1/orders {me} -H 'Content-Type: application/json' {key} -d '{body}'"
    return (
        ("Sign in as the customer:", f"TOKEN=$(curl -sS {address}/v1/oauth/token {form} | {read})"),
        ("Place an order:", place),
        ("Follow it, by the id in the answer:", f"curl -sS {me} {address}/v1/orders/ORDER_ID"),
    )


def _address(settings: Settings) -> str:
    return f"http://{_reached_at(settings)}:{settings.port}"


def _reached_at(settings: Settings) -> str:
    return _EVERYWHERE.get(settings.host, settings.host)


def _say(line: str) -> None:
    click.echo(f"comanda: {line}", err=True)

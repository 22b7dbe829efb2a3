"""``comanda replay``: place the orders of a CSV file through the public HTTP API, as a client like any other."""

import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import click
import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from infra.cli.history import BadHistory, History, read_history
from infra.cli.public_api import PublicApi, Unexpected
from infra.cli.replaying import CONTACT_WINDOW_S, CURRENCY, Pace, Replay, Sales
from infra.cli.sign_in import SignIn, SignInRefused
from infra.refusal import EXIT_CODE

URL_DEFAULT = "http://127.0.0.1:8080"
FILE_MAX_BYTES = 256 * 2**20
CLIENTS_DEFAULT, CLIENTS_MAX = 8, 64
RATE_MIN = 0.001
NAME_MAX_CHARS = 200


class CannotReplay(click.ClickException):
    """What was given cannot be replayed, or not there; nothing was sent."""

    exit_code = EXIT_CODE


def _url(_context: click.Context, _option: click.Parameter, url: str) -> str:
    """Refuse an address that could never answer."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise CannotReplay(f"--url {url!r} is not an address such as {URL_DEFAULT}")
    return url


def _read(file: Path) -> History:
    try:
        if file.stat().st_size > FILE_MAX_BYTES:
            raise CannotReplay(f"{file} is larger than {FILE_MAX_BYTES} bytes; cut it in parts")
        return read_history(file.read_bytes())
    except (BadHistory, OSError) as unreadable:
        raise CannotReplay(f"{file}: {unreadable}") from unreadable


def _bearer(url: str, token: str | None, email: str | None, password: str | None) -> Callable[[], str]:
    if token is not None:
        return lambda: token
    if email is None or password is None:
        raise CannotReplay("say who you are: --email and --password of an operator, or --token")
    return SignIn(url, email, password)


def _contact(api: PublicApi, url: str) -> None:
    """Fail early where no Comanda is ready."""
    try:
        api.get("/readyz", window_s=CONTACT_WINDOW_S)
        api.get("/v1/users/me", window_s=CONTACT_WINDOW_S)
    except SignInRefused as refused:
        raise CannotReplay(str(refused)) from refused
    except Unexpected as unexpected:
        if unexpected.status == HTTPStatus.UNAUTHORIZED:
            raise CannotReplay(f"{url} does not take the token: {unexpected}") from unexpected
        raise CannotReplay(f"no Comanda is ready at {url}: {unexpected}; start one, or give its --url") from unexpected


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=Console(stderr=True))


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--url", default=URL_DEFAULT, show_default=True, callback=_url, help="Address of the running Comanda.")
@click.option("--restaurant", help="Name of the restaurant; otherwise made from the file's name.")
@click.option("--limit", type=click.IntRange(min=1), help="Replay only so many orders, the oldest.")
@click.option("--rate", type=click.FloatRange(min=RATE_MIN), help="Place at most so many orders a second.")
@click.option(
    "--clients", type=click.IntRange(1, CLIENTS_MAX), default=CLIENTS_DEFAULT, show_default=True, help="Orders at once."
)
@click.option("--email", envvar="COMANDA_REPLAY_EMAIL", help="Sign in as this operator ...")
@click.option("--password", envvar="COMANDA_REPLAY_PASSWORD", help="... with this password; better in the environment.")
@click.option("--token", envvar="COMANDA_REPLAY_TOKEN", help="Or come with this access token, for some minutes.")
def replay(  # noqa: PLR0913  one for each option
    *,
    file: Path,
    url: str,
    restaurant: str | None,
    limit: int | None,
    rate: float | None,
    clients: int,
    email: str | None,
    password: str | None,
    token: str | None,
) -> None:
    """Place the orders of a CSV FILE on a running Comanda, complete them, and compare what it then shows.

    The last line on stdout is one JSON object. Exit code 0: all is there and the read models agree; 1: something
    differs or failed; 2: the file or the address is unusable.
    """
    started = time.monotonic()
    history = _read(file)
    orders = history.orders[:limit]
    name = (restaurant or file.stem.replace("-", " ").replace("_", " ").title())[:NAME_MAX_CHARS]
    api = PublicApi(url, _bearer(url, token, email, password))
    _contact(api, url)
    with _progress() as progress:
        task = progress.add_task("orders", total=len(orders))
        run = Replay(api, name, Pace(rate), lambda: progress.advance(task), progress.console.out)
        projected, duplicates = Sales(0, 0), 0
        with run.errors_of("replay"):
            restaurant_id = run.bring(history, orders, clients)
            progress.update(task, description="read models")
            projected = run.projected(restaurant_id)
            duplicates = run.duplicates(restaurant_id)
    placed = run.placed()
    report = {
        "orders": placed.orders,
        "lines": sum(order.lines for order in run.held.values()),
        "revenue_minor": placed.revenue_minor,
        "currency": CURRENCY,
        "projected_orders": projected.orders,
        "projected_revenue_minor": projected.revenue_minor,
        "duplicates": duplicates,
        "errors": run.errors,
        "seconds": round(time.monotonic() - started, 3),
    }
    click.echo(orjson.dumps(report).decode())
    if projected != placed:
        click.echo(f"the read models show {projected}, placed of this history are {placed}", err=True)
    if run.errors or projected != placed:
        raise SystemExit(1)

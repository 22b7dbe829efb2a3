"""`comanda migrate`: brings the database to the present schema."""

import click
import psycopg

from infra.cli.process import begin
from infra.postgres import migrate as schema
from infra.postgres.connection import connect
from infra.refusal import CannotStart
from projections.projection import prepare
from projections.registry import PROJECTIONS


@click.command()
def migrate() -> None:
    """Apply the migrations that are missing, and make the read models' tables. COMANDA_DATABASE_URL is the owner's."""
    settings, _ = begin()
    url = settings.needed_database_url()
    try:
        applied = schema.migrate(url)
        with connect(url, "comanda_worker") as db:
            prepare(db, list(PROJECTIONS.values()))
    except schema.SchemaForeign as why:
        raise CannotStart(str(why)) from None
    except psycopg.errors.InsufficientPrivilege as why:
        raise CannotStart(f"COMANDA_DATABASE_URL must name the database's owner, who may make roles: {why}") from None
    for name in applied:
        click.echo(f"applied {name}", err=True)

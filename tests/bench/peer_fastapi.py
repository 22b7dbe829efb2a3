"""The HTTP peer: FastAPI with SQLAlchemy's asyncio session on asyncpg, one row per order.

Written as both manuals show it: a pydantic model parses the body, a session per request adds one
mapped object and commits. `python -m tests.bench.peer_fastapi PORT URL` runs two uvicorn workers.
"""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

import uvicorn
from fastapi import FastAPI, Response
from psycopg.conninfo import conninfo_to_dict
from pydantic import BaseModel, Field
from sqlalchemy import JSON, URL
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

URL_VARIABLE = "BENCH_FASTAPI_URL"
WORKERS = 2
POOL_SIZE = 16
LINES_MAX = 100
QUANTITY_MAX = 999
TABLES = """
CREATE TABLE IF NOT EXISTS fastapi_orders (
    id            uuid PRIMARY KEY,
    restaurant_id uuid NOT NULL,
    fulfilment    text NOT NULL,
    body          json NOT NULL
);
"""


class Line(BaseModel):
    """One line of an order."""

    item_id: UUID
    quantity: Annotated[int, Field(ge=1, le=QUANTITY_MAX)]
    note: str | None = None


class Customer(BaseModel):
    """Who the order is for."""

    name: str
    phone: str | None = None


class Order(BaseModel):
    """The body of a new order."""

    restaurant_id: UUID
    fulfilment: Literal["pickup", "delivery"]
    lines: Annotated[list[Line], Field(min_length=1, max_length=LINES_MAX)]
    customer: Customer
    note: str | None = None


class Base(DeclarativeBase):
    """The peer's mapped classes."""


class OrderRow(Base):
    """One order as one row."""

    __tablename__ = "fastapi_orders"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    restaurant_id: Mapped[UUID]
    fulfilment: Mapped[str]
    body: Mapped[dict[str, Any]] = mapped_column(JSON)


def asyncpg_url(url: str) -> URL:
    """Return SQLAlchemy's form of a libpq address; a folder as host is a Unix socket."""
    parts = conninfo_to_dict(url)
    host = str(parts.get("host", "127.0.0.1"))
    on_socket = host.startswith("/")
    port = str(parts.get("port", 5432))
    return URL.create(
        "postgresql+asyncpg",
        username=str(parts["user"]),
        password=str(parts["password"]) if "password" in parts else None,
        host=None if on_socket else host,
        port=None if on_socket else int(port),
        database=str(parts["dbname"]),
        query={"host": host, "port": port} if on_socket else {},
    )


def application() -> FastAPI:
    """Build the application of one worker; uvicorn calls it, so the address is in the environment."""
    engine = create_async_engine(asyncpg_url(os.environ[URL_VARIABLE]), pool_size=POOL_SIZE, max_overflow=0)
    sessions = async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await engine.dispose()

    app = FastAPI(lifespan=lifespan)

    @app.post("/orders", status_code=201)
    async def place_order(order: Order, response: Response) -> dict[str, str]:
        row = OrderRow(
            id=uuid4(),
            restaurant_id=order.restaurant_id,
            fulfilment=order.fulfilment,
            body=order.model_dump(mode="json"),
        )
        async with sessions() as session:
            session.add(row)
            await session.commit()
        response.headers["Location"] = f"/orders/{row.id}"
        return {"id": str(row.id)}

    return app


def main(port: int, url: str) -> None:
    """Serve until SIGTERM."""
    os.environ[URL_VARIABLE] = url
    uvicorn.run(
        "tests.bench.peer_fastapi:application",
        factory=True,
        port=port,
        workers=WORKERS,
        loop="uvloop",
        http="httptools",
        access_log=False,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])

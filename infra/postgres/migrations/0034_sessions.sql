-- One row per sign-in: its refresh token is replaced at each use, and one that was replaced ends the row.
-- Only the SHA-256 of a token is kept. previous: the token before the current one.
create table comanda.sessions (
    id         bytea       primary key,
    account_id uuid        not null,
    client_id  text        not null,
    current    bytea       not null,
    previous   bytea,
    rotated_at timestamptz not null default clock_timestamp(),
    idle_until timestamptz not null,
    ends_at    timestamptz not null
);

create index sessions_account on comanda.sessions (account_id, rotated_at);
create index sessions_idle_until on comanda.sessions (idle_until);
grant select, insert, update, delete on comanda.sessions to comanda_app;

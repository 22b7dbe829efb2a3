-- The answer given to a keyed request, written in the transaction of its append.
create table comanda.idempotency_keys (
    principal   text        not null,
    key         text        not null,
    fingerprint bytea       not null,
    status      smallint    not null,
    headers     text        not null,
    body        text        not null,
    created_at  timestamptz not null default clock_timestamp(),
    primary key (principal, key)
);

create index idempotency_keys_created_at on comanda.idempotency_keys using brin (created_at);
grant select on comanda.idempotency_keys to comanda_app;
grant select, delete on comanda.idempotency_keys to comanda_sequencer;

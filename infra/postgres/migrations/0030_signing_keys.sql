-- The keys that sign access tokens: the public half in the open, the private half wrapped by the master key, which is
-- not in the database. retires_at: from then on nothing that the key signed is taken.
create table comanda.signing_keys (
    kid           text        primary key,
    public_jwk    text        not null,
    master_key_id text        not null,
    wrapped       bytea       not null,
    created_at    timestamptz not null default clock_timestamp(),
    signs_from    timestamptz not null,
    retires_at    timestamptz
);

grant select, insert, delete, update (master_key_id, wrapped, retires_at) on comanda.signing_keys to comanda_app;

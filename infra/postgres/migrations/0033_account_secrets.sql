-- What an account proves itself with: an argon2id hash of a password, or a keyed hash of a client secret.
create table comanda.account_secrets (
    account_id uuid        primary key,
    scheme     text        not null check (scheme in ('argon2id', 'hmac-sha256')),
    hash       text        not null,
    set_at     timestamptz not null default clock_timestamp()
);

grant select, insert, update, delete on comanda.account_secrets to comanda_app;

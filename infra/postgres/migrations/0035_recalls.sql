-- Access tokens of an account that were issued up to then are no longer taken. A row is needed for a token's life only.
create table comanda.recalls (
    account_id  uuid        primary key,
    recalled_at timestamptz not null
);

create index recalls_recalled_at on comanda.recalls (recalled_at);
grant select, insert, update, delete on comanda.recalls to comanda_app;

-- Whose a login is. Of the login itself only a keyed hash is kept: an e-mail address cannot be guessed out of a dump.
create table comanda.logins (
    login_mac  bytea primary key,
    account_id uuid  not null unique
);

grant select, insert, update, delete on comanda.logins to comanda_app;

-- Which account somebody is whom another issuer vouches for; issuer and subject as a keyed hash.
create table comanda.external_subjects (
    subject_mac bytea primary key,
    account_id  uuid  not null unique
);

grant select, insert, delete on comanda.external_subjects to comanda_app;

-- Secrets of the installation that the database keeps wrapped by the master key: they outlive the master key's rotation.
create table comanda.identity_secrets (
    name          text  primary key,
    master_key_id text  not null,
    wrapped       bytea not null
);

grant select, insert, update (master_key_id, wrapped) on comanda.identity_secrets to comanda_app;

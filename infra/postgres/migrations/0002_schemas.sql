-- comanda holds the history; read_models holds what workers make of it and may be thrown away.
create schema if not exists comanda;
create schema if not exists read_models;
grant usage on schema comanda to comanda_app, comanda_sequencer, comanda_worker, comanda_reader;
grant usage on schema read_models to comanda_app, comanda_sequencer, comanda_reader;
grant usage, create on schema read_models to comanda_worker;
alter default privileges for role comanda_worker in schema read_models grant select on tables to comanda_app, comanda_sequencer, comanda_reader;

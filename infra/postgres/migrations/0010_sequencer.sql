-- Where the sequencer stands. The epoch fences off a leader that lost the lead without knowing it.
create table comanda.sequencer (
    id       integer primary key check (id = 1),
    epoch    bigint  not null,
    seq      bigint  not null,
    position bigint  not null
) with (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);

insert into comanda.sequencer values (1, 0, 1, 0);
grant select on comanda.sequencer to comanda_app, comanda_worker, comanda_reader;
grant select, update on comanda.sequencer to comanda_sequencer;

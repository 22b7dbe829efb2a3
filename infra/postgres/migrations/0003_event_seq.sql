-- The order of insertion. Cache 1, so that a later nextval anywhere is a higher value; the first value is burnt,
-- so that last_value always names a value that was handed out.
create sequence comanda.event_seq as bigint cache 1;
select nextval('comanda.event_seq');
grant select on comanda.event_seq to comanda_app, comanda_sequencer, comanda_worker, comanda_reader;

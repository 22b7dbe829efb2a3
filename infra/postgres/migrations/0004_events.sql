-- One row per event, partitioned by the month in which its stream was born (a UUIDv7 begins with its time), so that
-- a closed month can detach whole. data and meta are canonical JSON text: jsonb would reorder what is hashed.
create table comanda.events (
    stream_id      uuid        not null,
    version        integer     not null check (version > 0),
    seq            bigint      not null,
    event_id       uuid        not null,
    category       text        not null,
    type           text        not null,
    schema_version smallint    not null check (schema_version > 0),
    data           text        not null,
    meta           text        not null,
    recorded_at    timestamptz not null default clock_timestamp(),
    primary key (stream_id, version)
) partition by range (stream_id);

create index events_seq on comanda.events (seq);
grant select on comanda.events to comanda_app, comanda_sequencer, comanda_worker, comanda_reader;

-- The one order of all events: dense positions and the Merkle leaf of each event. Positions rise with seq.
create table comanda.ledger (
    position  bigint   primary key check (position > 0),
    seq       bigint   not null,
    stream_id uuid     not null,
    version   integer  not null,
    category  text     not null,
    type      text     not null,
    shard     smallint not null,
    leaf      bytea    not null
);

create unique index ledger_seq on comanda.ledger (seq);
create trigger append_only before update or delete on comanda.ledger
    for each row execute function comanda.refuse_change();
create trigger append_only_truncate before truncate on comanda.ledger
    for each statement execute function comanda.refuse_change();
grant select on comanda.ledger to comanda_app, comanda_worker, comanda_reader;
grant select, insert on comanda.ledger to comanda_sequencer;

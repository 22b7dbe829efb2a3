-- The highest seq below which no append is in flight: the lower of the sequence's last value, read first, and of the
-- lowest value that an append holds locked, read second. Rows up to it are read third, in a later statement.
create function comanda.watermark() returns bigint language plpgsql volatile as $$
declare
    high bigint;
    held bigint;
begin
    select s.last_value into high from comanda.event_seq s;
    select min(((l.classid::bigint << 32) | l.objid::bigint) & ((1::bigint << 48) - 1)) into held
    from pg_locks l
    where l.locktype = 'advisory' and l.objsubid = 1 and l.classid::bigint >> 16 = 77
        and l.database = (select d.oid from pg_database d where d.datname = current_database());
    return least(high, held);
end
$$;

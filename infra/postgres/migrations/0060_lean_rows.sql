-- The answer to an order shows its stream as it stood then, and is made from the events again: no second copy of it.
alter table comanda.idempotency_keys alter column body drop not null;

-- PostgreSQL compresses rows from 2 kB on. For an event of 2 kB that is a sixth of the time that its append takes, and
-- saves a third of its room: rows up to a page's size are left as they are (docs/performance.md).
do $$
declare
    month regclass;
begin
    for month in select inhrelid::regclass from pg_inherits where inhparent = 'comanda.events'::regclass loop
        execute format('alter table %s set (toast_tuple_target = 8160)', month);
    end loop;
end
$$;

create or replace function comanda.ensure_event_partitions(months_ahead integer) returns integer
language plpgsql security definer set search_path = comanda, pg_temp as $$
declare
    first timestamptz := date_trunc('month', now() at time zone 'utc') at time zone 'utc';
    lower timestamptz;
    name text;
    made integer := 0;
begin
    perform pg_advisory_xact_lock(hashtextextended('comanda.ensure_event_partitions', 0));
    for i in 0 .. months_ahead loop
        lower := (first at time zone 'utc' + make_interval(months => i)) at time zone 'utc';
        name := 'events_' || to_char(lower at time zone 'utc', 'YYYY_MM');
        if to_regclass('comanda.' || name) is null then
            execute format('create table comanda.%I partition of comanda.events for values from (%L) to (%L) '
                'with (toast_tuple_target = 8160)', name,
                comanda.month_floor(lower),
                comanda.month_floor((lower at time zone 'utc' + interval '1 month') at time zone 'utc'));
            execute format('create trigger append_only_truncate before truncate on comanda.%I '
                'for each statement execute function comanda.refuse_change()', name);
            made := made + 1;
        end if;
    end loop;
    return made;
end
$$;

-- Make the monthly partitions from the present month to so many months ahead; those that stand are left alone.
create function comanda.month_floor(month timestamptz) returns uuid language sql immutable as $$
    select (lpad(to_hex((extract(epoch from month) * 1000)::bigint), 12, '0') || '00000000000000000000')::uuid
$$;

create function comanda.ensure_event_partitions(months_ahead integer) returns integer
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
            execute format('create table comanda.%I partition of comanda.events for values from (%L) to (%L)', name,
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

-- Streams born before this database, or far ahead of it, have a place too.
create table comanda.events_other partition of comanda.events default;
create trigger append_only_truncate before truncate on comanda.events_other
    for each statement execute function comanda.refuse_change();

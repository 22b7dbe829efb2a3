-- How much of its rate limits each principal has left, as token buckets. Processes take from here in chunks, ahead of
-- need, so that no request asks the database. A crash of the server may forget it.
create unlogged table comanda.rate_limits (
    principal text        not null,
    policy    text        not null,
    tokens    float8      not null,
    at        timestamptz not null,
    primary key (principal, policy)
) with (fillfactor = 50);

grant select, insert, update, delete on comanda.rate_limits to comanda_app;

-- Settle and lease for many at once, in the order given (sorted by the callers, so that no two of them deadlock).
-- spent: what was used beyond the last lease, or below 0 what is given back; wanted: the next lease. Debts are kept, to
-- at most one burst, so that the long-run rate is exact. Answers with what is granted and what is left after it.
create function comanda.lease_rates(
    principals text[], policies text[], per_s float8[], bursts float8[], spent float8[], wanted float8[]
) returns table (granted float8, remaining float8)
language plpgsql set search_path = comanda, pg_temp as $$
declare
    n integer;
    present timestamptz := clock_timestamp();
    held float8;
begin
    for n in 1 .. cardinality(principals) loop
        insert into rate_limits values (principals[n], policies[n], bursts[n], present) on conflict do nothing;
        select least(bursts[n], l.tokens + extract(epoch from greatest(present - l.at, interval '0')) * per_s[n])
        into held from rate_limits l where l.principal = principals[n] and l.policy = policies[n] for update;
        held := greatest(least(held - spent[n], bursts[n]), -bursts[n]);
        granted := floor(greatest(least(held, wanted[n]), 0));
        remaining := held - granted;
        update rate_limits l set tokens = lease_rates.remaining, at = present
        where l.principal = principals[n] and l.policy = policies[n];
        return next;
    end loop;
end
$$;

revoke all on function comanda.lease_rates from public;
grant execute on function comanda.lease_rates to comanda_app;

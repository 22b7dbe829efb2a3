-- How much of a limit failed sign-ins have used up, by account and by address, each as a keyed hash.
-- empty_at: when all that was used has drained away again (the virtual scheduling of GCRA, ITU-T I.371). A crash of the
-- server may forget it.
create unlogged table comanda.sign_in_limits (
    key      bytea       primary key,
    empty_at timestamptz not null
);

create index sign_in_limits_empty_at on comanda.sign_in_limits (empty_at);
grant select, insert, update, delete on comanda.sign_in_limits to comanda_app;

-- Use one attempt of each key; each drains in step_s and a burst of them is taken at once. Where one key is used up,
-- nothing is charged. Answers with the seconds to wait, 0 for taken. Keys come sorted, so that no two callers deadlock.
create function comanda.take_sign_in(keys bytea[], step_s float8[], burst integer[]) returns float8
language plpgsql set search_path = comanda, pg_temp as $$
declare
    present timestamptz := clock_timestamp();
    wait_s float8;
begin
    insert into sign_in_limits select unnest(keys), present on conflict do nothing;
    perform 1 from sign_in_limits l where l.key = any (keys) order by l.key for update;
    select max(extract(epoch from greatest(l.empty_at, present) - present) - (t.burst - 1) * t.step_s) into wait_s
    from unnest(take_sign_in.keys, take_sign_in.step_s, take_sign_in.burst) t (key, step_s, burst)
    join sign_in_limits l on l.key = t.key;
    if wait_s > 0 then
        return wait_s;
    end if;
    update sign_in_limits l set empty_at = greatest(l.empty_at, present) + make_interval(secs => t.step_s)
    from unnest(take_sign_in.keys, take_sign_in.step_s) t (key, step_s) where l.key = t.key;
    return 0;
end
$$;

-- Give back what a successful sign-in took.
create function comanda.give_back_sign_in(keys bytea[], step_s float8[]) returns void
language sql set search_path = comanda, pg_temp as $$
    with held as (
        select l.key, t.step_s from unnest(keys, step_s) t (key, step_s) join sign_in_limits l on l.key = t.key
        order by l.key for update of l
    )
    update sign_in_limits l set empty_at = l.empty_at - make_interval(secs => h.step_s) from held h where l.key = h.key
$$;

revoke all on function comanda.take_sign_in, comanda.give_back_sign_in from public;
grant execute on function comanda.take_sign_in, comanda.give_back_sign_in to comanda_app;

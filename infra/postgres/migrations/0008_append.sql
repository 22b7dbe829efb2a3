-- Append the events of many independent requests in one transaction (group commit).
--
-- a_*: what each request expects of a stream, one row per stream: an exact version, 0 for a new stream, -1 for any;
--      a_writes is false for a premise, a stream that was only read. e_*: the events, e_append naming the row of a_*
--      that they go to and e_offset (1, 2, ...) their order in it. k_*: the Idempotency-Key records.
-- A request whose expectation fails ('moved', with the actual version) or whose key is taken ('answered') appends
-- nothing, and the others go on. A version taken at this very moment raises unique_violation for the whole call.
-- 'based' tells the version that an append to "any" was laid upon. The caller gives no stream and no key twice.
--
-- Plans are generic: to plan the look at the streams' heads over all months anew for each call takes 0.8 ms, twice
-- what the call itself does.
-- Low watermark: the shared lock on the sequence's present value says that all seq of this transaction lie above it.
create function comanda.append(
    a_request integer[], a_stream uuid[], a_expected integer[], a_writes boolean[],
    e_request integer[], e_append integer[], e_offset integer[], e_id uuid[], e_category text[], e_type text[],
    e_schema integer[], e_data text[], e_meta text[],
    k_request integer[], k_principal text[], k_key text[], k_fingerprint bytea[], k_status integer[], k_headers text[],
    k_body text[]
) returns table (request integer, outcome text, stream uuid, actual integer)
language plpgsql security definer set search_path = comanda, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
    low bigint;
    bases integer[];
    failed integer[] := '{}';
    taken integer[];
begin
    select s.last_value into low from event_seq s;
    perform pg_advisory_xact_lock_shared((77::bigint << 48) | low);

    if 0 = all (a_expected) then
        bases := array_fill(0, array[cardinality(a_expected)]);
    else
        select array_agg(coalesce(head.version, 0) order by a.n) into bases
        from unnest(a_stream, a_expected) with ordinality a (stream, expected, n)
        left join lateral (
            select e.version from events e where a.expected <> 0 and e.stream_id = a.stream
            order by e.version desc limit 1
        ) head on true;
        select coalesce(array_agg(a.request), '{}') into failed
        from unnest(a_request, a_expected, bases) a (request, expected, base)
        where a.expected > 0 and a.expected <> a.base;
        return query
            select a.request, case when a.expected = -1 then 'based' else 'moved' end, a.stream, a.base
            from unnest(a_request, a_stream, a_expected, bases) a (request, stream, expected, base)
            where a.expected = -1 or (a.expected > 0 and a.expected <> a.base);
    end if;

    if cardinality(k_request) > 0 then
        with kept as (
            insert into idempotency_keys (principal, key, fingerprint, status, headers, body)
            select k.principal, k.key, k.fingerprint, k.status, k.headers, k.body
            from unnest(k_request, k_principal, k_key, k_fingerprint, k_status, k_headers, k_body)
                k (request, principal, key, fingerprint, status, headers, body)
            where k.request <> all (failed)
            order by k.principal, k.key
            on conflict do nothing
            returning idempotency_keys.principal, idempotency_keys.key
        )
        select array_agg(k.request) into taken
        from unnest(k_request, k_principal, k_key) k (request, principal, key)
        where k.request <> all (failed)
            and not exists (select from kept where kept.principal = k.principal and kept.key = k.key);
        if taken is not null then
            failed := failed || taken;
            return query select t.request, 'answered', null::uuid, null::integer from unnest(taken) t (request);
        end if;
    end if;

    insert into events (stream_id, version, seq, event_id, category, type, schema_version, data, meta)
    select a_stream[e.append], bases[e.append] + e.place, nextval('comanda.event_seq'), e.id, e.category, e.type,
        e.schema, e.data, e.meta
    from unnest(e_request, e_append, e_offset, e_id, e_category, e_type, e_schema, e_data, e_meta)
        e (request, append, place, id, category, type, schema, data, meta)
    where e.request <> all (failed);
end
$$;

revoke all on function comanda.append from public;
grant execute on function comanda.append to comanda_app;

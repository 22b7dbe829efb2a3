-- Append the events of many independent requests in one transaction (group commit).
--
-- a_*: what each request expects of a stream, one row per stream: an exact version, 0 for a new stream, -1 for any;
--      a_writes is false for a premise, a stream that was only read. Rows of one stream stand together. e_*: the events,
--      e_append naming the row of a_* that they go to and e_offset (1, 2, ...) their order in it. k_*: the
--      Idempotency-Key records. s_*: the persons' keys under which the events are sealed, where they are new.
-- A request whose expectation fails ('moved', with the actual version) or whose key is taken ('answered') appends
-- nothing, and the others go on. A version taken at this very moment raises unique_violation for the whole call.
-- 'based' tells the version that an append to "any" was laid upon. The caller gives no stream and no key twice.
--
-- Plans are generic: to plan the look at a stream's head over all months anew for each call takes 0.8 ms, four times
-- what the call itself does. Each look names one stream, so that the executor opens one month and not all.
-- Low watermark: the shared lock on the sequence's present value says that all seq of this transaction lie above it.
drop function comanda.append;
create function comanda.append(
    a_request integer[], a_stream uuid[], a_expected integer[], a_writes boolean[],
    e_request integer[], e_append integer[], e_offset integer[], e_id uuid[], e_category text[], e_type text[],
    e_schema integer[], e_data text[], e_meta text[],
    k_request integer[], k_principal text[], k_key text[], k_fingerprint bytea[], k_status integer[], k_headers text[],
    k_body text[],
    s_request integer[], s_subject uuid[], s_wrapped bytea[], s_master text[]
) returns table (request integer, outcome text, stream uuid, actual integer)
language plpgsql security definer set search_path = comanda, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
    bases integer[] := array_fill(0, array[cardinality(a_expected)]);
    failed integer[] := '{}';
    taken integer[];
begin
    perform pg_advisory_xact_lock_shared((77::bigint << 48) | s.last_value) from event_seq s;

    for i in 1 .. cardinality(a_expected) loop
        continue when a_expected[i] = 0;
        if stream is distinct from a_stream[i] then
            stream := a_stream[i];
            select e.version into actual from events e where e.stream_id = stream order by e.version desc limit 1;
            actual := coalesce(actual, 0);
        end if;
        bases[i] := actual;
        request := a_request[i];
        if a_expected[i] = -1 then
            outcome := 'based';
            return next;
        elsif a_expected[i] <> actual then
            outcome := 'moved';
            failed := failed || request;
            return next;
        end if;
    end loop;

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

    if cardinality(s_request) > 0 then
        insert into subject_keys (subject, wrapped, master)
        select s.subject, s.wrapped, s.master
        from unnest(s_request, s_subject, s_wrapped, s_master) s (request, subject, wrapped, master)
        where s.request <> all (failed)
        order by s.subject
        on conflict (subject) do nothing;
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

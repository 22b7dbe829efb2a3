-- How often something limited was used: in all (holder '') and by each holder. Promo codes are counted so.
create table comanda.claims (
    subject uuid    not null,
    holder  text    not null,
    uses    integer not null check (uses >= 0),
    primary key (subject, holder)
) with (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0.05);

grant select on comanda.claims to comanda_app;

-- Count one use for each request, before comanda.append in the same transaction. Answers with those refused: 'total'
-- or 'each', by the limit that is reached (null is none). The row of all uses is locked first, in the order of subjects,
-- so that claims of one subject take turns until their transaction ends and nobody waits in a ring.
create function comanda.claim(
    c_request integer[], c_subject uuid[], c_holder text[], c_total integer[], c_each integer[]
) returns table (request integer, outcome text)
language plpgsql security definer set search_path = comanda, pg_temp as $$
declare
    c record;
    used integer;
begin
    for c in
        select * from unnest(c_request, c_subject, c_holder, c_total, c_each) u (request, subject, holder, total, each)
        order by u.subject, u.request
    loop
        insert into claims (subject, holder, uses) values (c.subject, '', 0) on conflict do nothing;
        select k.uses into used from claims k where k.subject = c.subject and k.holder = '' for update;
        if used >= c.total then
            return query select c.request, 'total';
            continue;
        end if;
        select k.uses into used from claims k where k.subject = c.subject and k.holder = c.holder;
        if coalesce(used, 0) >= c.each then
            return query select c.request, 'each';
            continue;
        end if;
        insert into claims as k (subject, holder, uses) values (c.subject, '', 1), (c.subject, c.holder, 1)
        on conflict (subject, holder) do update set uses = k.uses + 1;
    end loop;
end
$$;

-- Take back the claims of requests that the append refused, in the same transaction.
create function comanda.unclaim(c_subject uuid[], c_holder text[]) returns void
language plpgsql security definer set search_path = comanda, pg_temp as $$
declare
    c record;
begin
    for c in select * from unnest(c_subject, c_holder) u (subject, holder) order by u.subject loop
        update claims k set uses = k.uses - 1 where k.subject = c.subject and k.holder in ('', c.holder);
    end loop;
end
$$;

revoke all on function comanda.claim, comanda.unclaim from public;
grant execute on function comanda.claim, comanda.unclaim to comanda_app;

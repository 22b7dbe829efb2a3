-- Uses are given back by the append that calls off what used them, in its own transaction: comanda.hold_claims before
-- comanda.claim and comanda.append, comanda.unclaim behind them, for the appends that were not refused.

-- Hold the counts of these subjects until the transaction ends, before it locks anything else: a use that is given back
-- is free only when the append has succeeded, and two transactions that waited for the counts then could wait in a ring.
-- In the order of subjects, and by the row of all uses, as comanda.claim does.
create function comanda.hold_claims(c_subject uuid[]) returns void
language plpgsql security definer set search_path = comanda, pg_temp as $$
declare
    held uuid;
begin
    for held in select u.subject from unnest(c_subject) u (subject) order by u.subject loop
        insert into claims (subject, holder, uses) values (held, '', 0) on conflict do nothing;
        perform 1 from claims k where k.subject = held and k.holder = '' for update;
    end loop;
end
$$;

-- Take back uses of subjects that this transaction holds: those of appends that were refused, and those that others give
-- back. What is not counted is passed over: an order that could not be called off for a wrong count would be worse.
create or replace function comanda.unclaim(c_subject uuid[], c_holder text[]) returns void
language plpgsql security definer set search_path = comanda, pg_temp as $$
declare
    c record;
begin
    for c in select * from unnest(c_subject, c_holder) u (subject, holder) order by u.subject loop
        update claims k set uses = k.uses - 1 where k.subject = c.subject and k.holder = c.holder and k.uses > 0;
        if found then
            update claims k set uses = k.uses - 1 where k.subject = c.subject and k.holder = '' and k.uses > 0;
        end if;
    end loop;
end
$$;

revoke all on function comanda.hold_claims from public;
grant execute on function comanda.hold_claims to comanda_app;

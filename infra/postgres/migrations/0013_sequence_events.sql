-- Give the next events below the watermark their dense positions and leaves: one batch, one transaction.
-- Answers with the position before and after and the categories met; raises when another leader has taken over since this epoch began.
create function comanda.sequence_events(leader_epoch bigint, batch_max integer)
returns table (position_before bigint, position_after bigint, categories text[])
language plpgsql volatile set plan_cache_mode = force_generic_plan as $$
declare
    at_seq bigint;
    safe bigint := comanda.watermark();
    new_seq bigint;
begin
    select s.seq, s.position, s.position into at_seq, position_before, position_after
    from comanda.sequencer s where s.id = 1 and s.epoch = leader_epoch for update;
    if not found then
        raise exception 'epoch % is over: another sequencer leads', leader_epoch using errcode = 'CM001';
    end if;
    if safe <= at_seq then
        return next;
        return;
    end if;
    with laid as (
        insert into comanda.ledger (position, seq, stream_id, version, category, type, shard, leaf)
        select e.place, e.seq, e.stream_id, e.version, e.category, e.type, get_byte(uuid_send(e.stream_id), 15) & 15,
            comanda.leaf_hash(e.place, e.stream_id, e.version, e.event_id, e.schema_version, e.recorded_at, e.category,
                e.type, e.data, e.meta)
        from (
            select position_before + row_number() over (order by n.seq) as place, n.*
            from (select * from comanda.events where seq > at_seq and seq <= safe order by seq limit batch_max) n
        ) e
        returning ledger.position, ledger.seq, ledger.category
    )
    select max(laid.position), case when count(*) < batch_max then safe else max(laid.seq) end,
        array_agg(distinct laid.category)
    into position_after, new_seq, categories from laid;
    position_after := coalesce(position_after, position_before);
    update comanda.sequencer set seq = new_seq, position = position_after where id = 1;
    return next;
end
$$;

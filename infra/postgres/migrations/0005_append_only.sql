-- History refuses to be changed, whoever asks.
create function comanda.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'history is append-only: % of %.% is refused', tg_op, tg_table_schema, tg_table_name
        using errcode = 'restrict_violation', hint = 'Append a correcting event instead.';
end
$$;

create trigger append_only before update or delete on comanda.events
    for each row execute function comanda.refuse_change();
create trigger append_only_truncate before truncate on comanda.events
    for each statement execute function comanda.refuse_change();

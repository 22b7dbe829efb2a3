-- One key per person, wrapped by the master key of the id ``master``. Where the key was destroyed a tombstone stays:
-- a row without a key, for good. A person of whom there is no row at all was never known.
create table comanda.subject_keys (
    subject    uuid        primary key,
    wrapped    bytea,
    master     text,
    created_at timestamptz not null default clock_timestamp(),
    erased_at  timestamptz,
    check ((wrapped is null) = (erased_at is not null) and (wrapped is null) = (master is null))
);

create function comanda.keep_tombstone() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' or old.erased_at is not null or new.subject <> old.subject then
        raise exception 'a person''s key is wrapped anew or destroyed, and nothing else'
            using errcode = 'restrict_violation';
    end if;
    return new;
end
$$;

create trigger tombstones_stay before update or delete on comanda.subject_keys
    for each row execute function comanda.keep_tombstone();
create trigger keys_stay before truncate on comanda.subject_keys
    for each statement execute function comanda.refuse_change();
grant select, insert on comanda.subject_keys to comanda_app;
grant update (wrapped, master, erased_at) on comanda.subject_keys to comanda_app;

-- The roles that the programs take on after they connect: none of them owns anything, none may change history.
-- Roles belong to the whole cluster, so another database may have made them before.
do $$
declare
    name text;
begin
    foreach name in array array['comanda_app', 'comanda_sequencer', 'comanda_worker', 'comanda_reader'] loop
        begin
            execute format('create role %I nologin', name);
        exception when duplicate_object or unique_violation then
            null;
        end;
        execute format('grant %I to current_user', name);
    end loop;
end
$$;

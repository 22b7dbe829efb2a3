-- Who may call what.
revoke all on function comanda.watermark, comanda.sequence_events, comanda.ensure_event_partitions from public;
grant execute on function comanda.watermark to comanda_app, comanda_sequencer, comanda_worker, comanda_reader;
grant execute on function comanda.sequence_events to comanda_sequencer;
grant execute on function comanda.leaf_hash to comanda_sequencer, comanda_reader;
grant execute on function comanda.ensure_event_partitions to comanda_sequencer;

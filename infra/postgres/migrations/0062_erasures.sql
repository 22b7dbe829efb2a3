-- Who was erased, in the order in which it was done: a list that is kept apart from backups, for the day of a restore.
create index subject_keys_erased on comanda.subject_keys (erased_at, subject) where erased_at is not null;

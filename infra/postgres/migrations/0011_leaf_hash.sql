-- The leaf of one event in the ledger, after RFC 6962 section 2.1: SHA-256 of a zero byte and the event, each field at
-- its fixed width (big-endian) or behind its length in bytes, so that no two events share an encoding.
-- domain/leaf.py says the same in Python; a test holds the two together.
create function comanda.leaf_hash(
    place bigint, stream_id uuid, version integer, event_id uuid, schema_version smallint, recorded_at timestamptz,
    category text, type text, data text, meta text
) returns bytea language sql immutable parallel safe as $$
    select sha256(
        '\x00'::bytea || int8send(place) || uuid_send(stream_id) || int4send(version) || uuid_send(event_id)
        || int2send(schema_version) || int8send((extract(epoch from recorded_at) * 1000000)::bigint)
        || int4send(octet_length(category)) || convert_to(category, 'UTF8')
        || int4send(octet_length(type)) || convert_to(type, 'UTF8')
        || int4send(octet_length(data)) || convert_to(data, 'UTF8')
        || int4send(octet_length(meta)) || convert_to(meta, 'UTF8')
    )
$$;

"""The vault: personal text under one key per person, and each such key wrapped by the master key."""

"""Side-by-side measurements: Comanda against floors and peers on the same machine and Postgres."""

"""A send from claim to recorded, beside a bare loop: `python -m benchmarks.send --help`.

`__main__` reads what is asked and shows what came, `rounds` makes the state that each round starts from and runs it,
`part` is one measured process, `databases` are SQLite and a PostgreSQL server of the measurement's own.
"""

"""The use cases; the only place where rooms meet.

Each module is one thing that somebody wants done, in the order of the sentence: `gathering` (stories → edition),
`composing` (edition → message and proof), `planning` (what would go out, in words), `freezing`, `testing`, `sending`,
`doubts`, `listening` (events), `readers` (who an address is), `joining`, `letters` (mail to one reader), `leaving`,
`importing` (files of readers), `desk` (approving and importing stories), `clock` (the tick). A use case gets a
`Context` and plain arguments, moves facts between rooms, and decides what is committed together. It prints nothing and
parses no arguments.
"""

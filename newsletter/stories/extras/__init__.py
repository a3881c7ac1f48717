"""What editors keep for an edition beside its stories → the extras that it prints.

In: files of `content/editions` (sheets), `content/sponsors` and `content/calendar`, each front matter and a body as a
story's file is; the newsletter, and the sections that its edition has. Out: `Extras`, what goes unused and why, and the
findings of the desk.

Only `load` reads files. The rest are functions of their arguments, as all of `stories` is.
"""

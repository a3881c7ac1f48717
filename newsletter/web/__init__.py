"""The web: what readers, mail clients and the ESP ask over HTTP. In: requests. Out: pages, pictures and plain answers.

`app` makes the application of a `Context`, `server` runs it. `hooks` hears the ESP's events, `joining` lets people in
(`posted` reads their forms, `limiting` counts them, `postman` sends the letters), `leaving` lets them leave,
`preferences` lets them choose, `access` lets them see, move and erase what is theirs, `links` leads where a mail's link
goes, `reports` shows editors what became of an edition, `images` shows the pictures of stories, `metrics` the numbers
for Prometheus. `pages` fills the templates, `style` makes the stylesheet, and `frame` stands around every answer.
`archive`, `api` and `preview` are rooms of their own. This room decides nothing about lists, events or editions: it
asks the pipeline. It must not know how anything is stored, rendered or sent.
"""

"""The web: what readers, mail clients and the ESP ask over HTTP. In: requests. Out: pages, pictures and plain answers.

`app` makes the application of a `Context`, `server` runs it; `hooks` hears the ESP's events, `joining` lets people in
(`posted` reads their forms, `limiting` counts them, `postman` sends the letters), `leaving` lets them leave, `images`
shows the pictures of stories, `metrics` the numbers for Prometheus, `pages` fills the templates, `style` makes the
stylesheet, and `frame` stands around every answer. `preview` is an application of its own. This room
decides nothing about lists, events or editions: it asks the pipeline. It must not know how anything is stored, rendered
or sent.
"""

"""A Faust worker that carries a processor over the log of sites (docs/adr/0010).

`app.py` is all of Faust that is used: membership of the group, the stream, the producer. `seams.py` are the few places
where Faust is told to do otherwise, each with the reason. `carrier.py` folds, sends, flushes and commits in the one
order that loses nothing, and knows neither Faust nor Kafka. `changelog.py` reads a partition's state back.
`vigil.py` keeps a worker that was paused beyond its session from sending.
"""

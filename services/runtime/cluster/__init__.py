"""The cluster runtime: Kafka as the log of sites, Faust workers that carry the processors.

`topics` and `client` say what Kafka must be and how it is spoken to. `log` is the bridge's end of the log of sites
(KafkaLog), with `lanes` and `delivery` for what is sent, `frontier` and `heard` for what is known to be in. `reading`
is everyone's other end (Follower), `catalogues` what is in force. `partition` folds, purely; `worker` carries it.
"""

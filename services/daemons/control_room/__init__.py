"""The console of a cluster: what it reads of Kafka, from when on, and whether what it shows is alive."""

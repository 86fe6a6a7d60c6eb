"""What the console of a cluster reads of Kafka, from when on, and whether what it shows is alive."""

"""The cluster runtime: Kafka as the log of sites, Faust workers that carry the processors."""

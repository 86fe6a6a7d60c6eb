"""What is true now, as folds over the log's entries: what pages and API show."""

"""The operator's web pages: `live` folds the log into what is true now, `app` shows it."""

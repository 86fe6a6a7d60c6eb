"""Where results go to stay: one folder a sink."""

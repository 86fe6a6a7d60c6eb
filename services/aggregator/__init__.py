"""Windows over readings, and the history they are kept in."""

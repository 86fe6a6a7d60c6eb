"""Store-and-forward gateway: a site's Sparkplug edge node, which keeps each frame until the log has it."""

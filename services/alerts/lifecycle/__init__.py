"""An alarm's life after its condition was judged: acknowledge, latch, re-alarm, shelve, suppress, out of service."""

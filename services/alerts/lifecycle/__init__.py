"""The life of an alarm after its condition was judged: acknowledge, latch, re-alarm, shelve, suppress, out of service."""

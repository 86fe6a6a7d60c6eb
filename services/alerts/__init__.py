"""Detection, alarm lifecycle and incidents, folded over a site's log."""

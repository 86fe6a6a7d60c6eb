"""Single-point rules: from a site's catalogue to arrays, and one kernel over frame columns."""

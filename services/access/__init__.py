"""Who may do what: users, roles, passwords, tokens, and the record of what was done."""

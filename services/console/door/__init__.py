"""Who comes in: sign-in, sessions at browsers, the link of a page, and what other sites may not send."""

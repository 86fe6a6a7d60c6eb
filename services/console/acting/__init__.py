"""What people do, and what came of it: one way for pages, API and links."""

"""The pages of people's duty: who is on call and who answers for what, and planned work."""

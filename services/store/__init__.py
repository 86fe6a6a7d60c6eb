"""What is kept about people: users and their tokens, what they did, and what was told to whom. An SQL database."""

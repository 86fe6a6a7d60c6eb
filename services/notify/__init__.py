"""The paging service: what the dispatch decides goes to people, and nothing of it is forgotten or said twice."""

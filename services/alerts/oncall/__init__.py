"""Who is told of what, when, and why not: rosters, policies, problems and the dispatch of pages, without a clock."""

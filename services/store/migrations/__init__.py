"""Steps from one form of the tables to the next, run by alembic when a database is opened."""

"""The duty book: what paging and the console share in the database of people. README.md."""

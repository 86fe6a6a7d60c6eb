"""How Headworks is run with real servers: natively on one machine (`native`), and as containers (`compose`)."""

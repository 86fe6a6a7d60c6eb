"""`python -m services.cli`, for children that must run in this very environment."""

from services.cli.app import main

if __name__ == "__main__":
    main()

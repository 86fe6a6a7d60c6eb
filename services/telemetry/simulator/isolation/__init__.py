"""An isolation (heat-exchange) station that loses its power while water enters."""

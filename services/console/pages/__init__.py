"""The page in parts: each module turns snapshots into one part of it. Only `overview` knows NiceGUI."""

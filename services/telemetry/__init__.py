"""Field side: Sparkplug B, simulated plants, store-and-forward gateway and the bridge."""

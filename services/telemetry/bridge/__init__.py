"""The bridge: takes Sparkplug B from MQTT into the sites' logs, in order, once, and says how far it came."""

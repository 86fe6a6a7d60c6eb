"""The MQTT broker as a child process: Mosquitto where it is installed, otherwise amqtt, which is pure Python."""

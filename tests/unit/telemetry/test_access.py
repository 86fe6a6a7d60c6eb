import pytest

from services.telemetry.access import PLAYER, Access, AccessError
from services.telemetry.link import Server


def test_each_names_himself_with_his_own_password(tmp_path):
    (tmp_path / "mqtt-no3").write_text("three\n")
    (tmp_path / "mqtt-player").write_text("played")
    access = Access(Server("h", 8883, ca="ca.crt"), tmp_path)
    assert access.of("no3") == Server("h", 8883, "no3", "three", "ca.crt")
    assert access.of(PLAYER) == Server("h", 8883, "player", "played", "ca.crt")
    with pytest.raises(AccessError, match="mqtt-no1"):
        access.of("no1")


def test_without_a_folder_everyone_is_the_same():
    server = Server(username="all", password="one")
    assert Access(server).of("no3") == server

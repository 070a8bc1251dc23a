"""The list of time zones that people choose from."""

import re
import zoneinfo

from django.utils import translation

from accounts.settings.time_zones import BoundedZone, time_zones


def test_zones_are_labelled_by_place_and_offset_and_sorted_by_label() -> None:
    europe = dict(time_zones())["Europe"]
    assert re.fullmatch(r"Berlin \(UTC\+0[12]:00\)", dict(europe)["Europe/Berlin"])
    labels = [label for _name, label in europe]
    assert labels == sorted(labels)


def test_a_place_in_a_place_is_told_as_people_say_it() -> None:
    assert dict(dict(time_zones())["America"])["America/Argentina/Buenos_Aires"].startswith("Buenos Aires, Argentina (")


def test_old_names_of_zones_are_not_offered_but_to_whom_chose_one() -> None:
    names = [name for _region, zones in time_zones() for name, _label in zones]
    assert not {"US/Eastern", "Etc/GMT+5", "CET", "Japan"} & {*names}
    assert ("Japan", "Japan") in time_zones(chosen="Japan")[-1][1]
    assert time_zones(chosen="Mars/Olympus")[-1][1] == [("UTC", "UTC")]


def test_a_place_is_offered_once_under_the_name_it_has_today() -> None:
    names = [name for _region, zones in time_zones() for name, _label in zones]
    assert {"Asia/Kolkata", "Europe/Kyiv", "America/Argentina/Buenos_Aires"} <= {*names}
    assert not {"Asia/Calcutta", "Europe/Kiev", "America/Buenos_Aires", "America/Knox_IN", "Australia/ACT"} & {*names}
    assert "Asia/Calcutta" in dict(dict(time_zones(chosen="Asia/Calcutta"))["Asia"])


def test_names_missing_from_the_systems_database_are_known() -> None:
    try:
        zoneinfo.reset_tzpath(to=[])
        assert BoundedZone.no_cache("Asia/Calcutta")
    finally:
        zoneinfo.reset_tzpath()


def test_regions_are_in_the_readers_language() -> None:
    with translation.override("es"):
        assert "Europa" in dict(time_zones())

"""Profile and follows from an archive of this software, which the member imports only on a tick."""

from typing import Any

from accounts.models import Follow, User
from accounts.settings.forms import ProfileForm
from imports.reader import Extras

PROFILE_FIELDS = ("about_me", "language", "time_zone", "theme")
MAX_FOLLOWS = 10_000
"""Members who are followed by one import."""
MAX_NAMED = 500
"""Members who are not here and are named in the preview; the others are counted."""
NAMES_A_QUERY = 500


def extras_preview(user: User, extras: Extras) -> dict[str, Any]:
    """Return what could be imported: the profile's new values, and the followed members by whether they are here."""
    here, elsewhere = _sorted_out(user, extras.follows)
    return {
        "profile": profile_changes(user, extras.profile),
        "follows": here,
        "elsewhere": elsewhere[:MAX_NAMED],
        "elsewhere_count": len(elsewhere),
    }


def profile_changes(user: User, profile: dict[str, Any]) -> dict[str, str]:
    """Return the values that differ from the member's, and that their profile's form would take."""
    present = {name: getattr(user, name) for name in ("username", *PROFILE_FIELDS)}
    wanted = {name: value for name, value in profile.items() if name in PROFILE_FIELDS and isinstance(value, str)}
    form = ProfileForm({**present, **wanted}, instance=User.objects.get(pk=user.pk))
    valid = {name: form.cleaned_data[name] for name in wanted if name not in form.errors}
    return {name: value for name, value in valid.items() if value != present[name]}


def extras_import(user: User, extras: dict[str, Any], choices: dict[str, Any]) -> dict[str, Any]:
    """Follow the members and change the profile, as chosen; return what is new, for the report and the undo."""
    done: dict[str, Any] = {"followed": [], "profile": {}}
    if choices.get("follows"):
        wanted = User.objects.filter(pk__in=extras.get("follows", []), is_active=True).exclude(pk=user.pk)
        new = wanted.exclude(pk__in=user.follows.values("followed")).values_list("pk", flat=True)
        done["followed"] = list(new)
        Follow.objects.bulk_create(
            (Follow(follower=user, followed_id=pk) for pk in done["followed"]), ignore_conflicts=True
        )
    if choices.get("profile"):
        changes = profile_changes(user, extras.get("profile", {}))
        done["profile"] = {name: [getattr(user, name), value] for name, value in changes.items()}
        _profile_save(user, changes)
    return done


def extras_undo(user: User, done: dict[str, Any]) -> None:
    """Take back what `extras_import` returned, unless the member has changed it since."""
    Follow.objects.filter(follower=user, followed__in=done.get("followed", [])).delete()
    profile = done.get("profile", {})
    _profile_save(user, {name: old for name, (old, new) in profile.items() if getattr(user, name) == new})


def _profile_save(user: User, values: dict[str, str]) -> None:
    if values:
        User.objects.filter(pk=user.pk).update(**values)


def _sorted_out(user: User, names: list[str]) -> tuple[list[int], list[str]]:
    """Return the ids of the members who are here and not followed yet, and the names of those who are not here."""
    here: list[int] = []
    elsewhere: list[str] = []
    for start in range(0, len(names), NAMES_A_QUERY):
        some = names[start : start + NAMES_A_QUERY]
        found = dict(User.objects.filter(username__in=some, is_active=True).values_list("username", "pk"))
        here += found.values()
        elsewhere += [name for name in some if name not in found]
    followed = set(user.follows.values_list("followed", flat=True))
    new = [pk for pk in here if pk not in followed and pk != user.pk]
    return new[:MAX_FOLLOWS], elsewhere

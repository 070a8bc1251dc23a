"""The holder of an email address: at most one member, however many others claim it without confirming it."""

from allauth.account.models import EmailAddress
from django.db.models.signals import pre_save
from django.dispatch import receiver

from accounts.models import User

NOBODY = " "
"""A name that no member can have; looking it up takes as long as any other."""


def holder_of(address: str) -> User | None:
    """Return the member who has confirmed the address, else the one whose account has it."""
    return _confirmed_by(address) or User.with_email(address).first()


def names_to_try(address: str) -> list[str]:
    """Return the names of the two accounts that a sign-in with the address may mean; NOBODY where there is none.

    The first holds the address; the second claimed it last and hasn't confirmed it. There are always two passwords to
    check: otherwise the timing would show a visitor who claims an address whether it has an account.
    """
    holders = [
        _confirmed_by(address),
        User.with_email(address).exclude(emailaddress__email=address.lower()).first(),
        User.named(address).first(),  # earlier releases allowed names that look like addresses
    ]
    claims = EmailAddress.objects.filter(email=address.lower(), verified=False).select_related("user")
    claim = claims.order_by("-pk").first()
    holder = next(filter(None, holders), None)
    return [holder.username if holder else NOBODY, claim.user.username if claim else NOBODY]


def _confirmed_by(address: str) -> User | None:
    return User.objects.filter(emailaddress__email=address.lower(), emailaddress__verified=True).first()


@receiver(pre_save, sender=EmailAddress)
def lower_address(instance: EmailAddress, **_signal: object) -> None:
    """Lower the address, as django-allauth looks it up; its model leaves that to its forms."""
    instance.email = instance.email.lower()

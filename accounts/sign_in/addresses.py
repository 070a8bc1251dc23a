"""Whose an email address is: of one member at most, however many others claim it and have not confirmed it."""

from allauth.account.models import EmailAddress
from django.db.models.signals import pre_save
from django.dispatch import receiver

from accounts.models import User

NOBODY = " "
"""A name that nobody can have. Looking for it takes as long as for any other."""


def holder_of(address: str) -> User | None:
    """Return the member who has confirmed the address, else the one in whose account it stands."""
    return _confirmed_by(address) or User.with_email(address).first()


def names_to_try(address: str) -> list[str]:
    """Return the names of the two accounts that a sign-in with the address may mean; NOBODY where there is none.

    The first has the address for its own. The second has claimed it last, and waits for the link. There are always two,
    and so two passwords to look at: else a visitor who claims an address would see whether it has an account.
    """
    holders = [
        _confirmed_by(address),
        User.with_email(address).exclude(emailaddress__email=address.lower()).first(),
        User.named(address).first(),  # the names of earlier releases may look like addresses
    ]
    claims = EmailAddress.objects.filter(email=address.lower(), verified=False).select_related("user")
    claim = claims.order_by("-pk").first()
    holder = next(filter(None, holders), None)
    return [holder.username if holder else NOBODY, claim.user.username if claim else NOBODY]


def _confirmed_by(address: str) -> User | None:
    return User.objects.filter(emailaddress__email=address.lower(), emailaddress__verified=True).first()


@receiver(pre_save, sender=EmailAddress)
def lower_address(instance: EmailAddress, **_signal: object) -> None:
    """Store the address in lower case, as django-allauth looks for it; its model leaves that to its forms."""
    instance.email = instance.email.lower()

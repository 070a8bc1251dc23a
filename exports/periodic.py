"""What exports need regularly: overdue emails sent, and files removed whose time is over."""

from core.periodic import periodic
from exports.delivery.queueing import emails_reconcile
from exports.storage.expiry import archives_expire, archives_trim, leftovers_remove
from exports.storage.orphans import orphans_remove

periodic(frequent=True)(emails_reconcile)
for work in (archives_expire, archives_trim, leftovers_remove, orphans_remove):
    periodic()(work)

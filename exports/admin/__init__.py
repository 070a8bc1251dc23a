"""What staff see of exports."""

from exports.admin import archive

__all__ = ["archive"]

"""Judges the site's pages: Lighthouse, the Nu HTML checker and axe, on a site as in production (`make audit`)."""

"""Each kind of deployment: what the guide says of it, and what must hold of it in particular."""

from e2e.deploy.site import Site

FIRST = "A Debian server: what comes first"


def supervisor(site: Site) -> None:
    """A web server and four workers under supervisor."""
    for heading in (FIRST, "With supervisor", "nginx in front"):
        site.follow(heading)
    site.admit_members()
    site.check_an_export()
    site.check_who_may_read_what()
    site.check_a_killed_worker(5)
    site.check_a_restart("supervisorctl restart all", seconds_at_most=60)
    site.check_a_site_that_is_away("supervisorctl stop microblog-web", "supervisorctl start microblog-web")
    states = site.root.output("supervisorctl status").split()
    assert states.count("RUNNING") == 6, states


KINDS = {"supervisor": supervisor}

"""Looking at everything that the site needs to run: each part by a check, each check a file or a part of one."""

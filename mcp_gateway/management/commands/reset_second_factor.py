"""`manage.py reset_second_factor NAME`: for the administrator who has lost the phone and has no colleague to ask."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from mcp_gateway import second_factor
from mcp_gateway.principal import Principal


class Command(BaseCommand):
    help = "Forget the app and the backup codes of a member of staff, who then logs in with the password alone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["username"]
        user = get_user_model().objects.filter(username=name).first()
        if user is None:
            raise CommandError(f"No user is called {name}.")
        if not second_factor.reset(user, by=Principal.of_task("reset_second_factor")):
            raise CommandError(f"{name} has no second factor.")
        self.stdout.write(f"The second factor of {name} is reset.")

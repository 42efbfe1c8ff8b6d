"""Which settings production can't do without."""

import environ
from django.core.exceptions import ImproperlyConfigured


def require_for_production(env: environ.Env, *names: str) -> None:
    """Raise ImproperlyConfigured that names every missing variable at once."""
    missing = [name for name in names if not env.str(name, "")]
    if missing:
        raise ImproperlyConfigured(
            f"Production (DEBUG off, or DATABASE_URL set) needs these environment variables: {', '.join(missing)}. "
            "README, 'Settings', says what each is. For development on one machine set DEBUG=on."
        )

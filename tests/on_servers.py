"""`python -m tests.on_servers COMMAND…`: run a command against MariaDB and Redis servers of its own."""

import os
import subprocess
import sys

from tests.servers import MariaDB, Redis

DATABASE = "phone"


def main() -> int:
    with MariaDB() as mariadb, Redis() as redis:
        with mariadb.connect() as connection:
            connection.cursor().execute(f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4")
        environment = {"DATABASE_URL": mariadb.url(DATABASE), "REDIS_URL": redis.url, "DEBUG": "on"}
        return subprocess.run(sys.argv[1:], env={**os.environ, **environment}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

#!/bin/sh
# Whether the server lets the app's user in; the published image's script takes arguments, which are all true then.
MYSQL_PWD=$MARIADB_PASSWORD exec mariadb --host=127.0.0.1 --user="$MARIADB_USER" --execute='SELECT 1' "$MARIADB_DATABASE"

#!/bin/sh
# Installs Debian's Redmine 5 for the tests, with SQLite and puma, where it is missing. Each test
# session makes a database and a server of its own; the package's own instance is never started.
# Needs root.
set -eu
export DEBIAN_FRONTEND=noninteractive

PACKAGES="redmine redmine-sqlite puma"

missing=
for package in $PACKAGES; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
        missing="$missing $package"
done
[ -n "$missing" ] || exit 0

echo "installing Debian's packages:$missing"
apt-get update -qq
apt-get install -y -qq --no-install-recommends debconf-utils
debconf-set-selections <<'ANSWERS'
redmine redmine/instances/default/dbconfig-install boolean true
redmine redmine/instances/default/database-type select sqlite3
redmine redmine/instances/default/default-language select en
ANSWERS
# shellcheck disable=SC2086 - a list of words
apt-get install -y -qq --no-install-recommends $missing && exit 0

# To configure redmine, dpkg runs `bundle install --local`. The Bundler of ruby 3.1.7-1~deb12u2 sets
# about installing a gem that has a specification and no folder under gems/, and fails. Debian keeps
# the code of many gems in Ruby's own folder and gives them none, so redmine stays half configured.
# An empty folder is enough for Bundler; with them, dpkg can go on where it stopped.
for specification in /usr/share/rubygems-integration/*/specifications/*.gemspec; do
    gem=$(basename "$specification" .gemspec)
    mkdir -p "$(dirname "$(dirname "$specification")")/gems/$gem"
done
dpkg --configure -a

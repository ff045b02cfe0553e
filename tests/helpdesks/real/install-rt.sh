#!/bin/sh
# Installs Debian's Request Tracker 5 for the tests, with SQLite and no web server, where it is
# missing. It answers the package's questions so that nothing of the system is set up: each test
# session makes a database of its own. Needs root.
set -eu
export DEBIAN_FRONTEND=noninteractive

PACKAGES="request-tracker5 rt5-db-sqlite rt5-standalone rt5-clients libdbd-sqlite3-perl libfaketime"

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
request-tracker5 request-tracker5/rtname string desk.example
request-tracker5 request-tracker5/organization string desk.example
request-tracker5 request-tracker5/webbaseurl string http://127.0.0.1
request-tracker5 request-tracker5/webpath string
request-tracker5 request-tracker5/correspondaddress string rt@desk.example
request-tracker5 request-tracker5/commentaddress string rt-comment@desk.example
request-tracker5 request-tracker5/handle-siteconfig-permissions boolean true
request-tracker5 request-tracker5/dbconfig-install boolean false
request-tracker5 request-tracker5/install-cronjobs boolean false
rt5-db-sqlite request-tracker5/dbconfig-install boolean false
ANSWERS
# shellcheck disable=SC2086 - a list of words
apt-get install -y -qq --no-install-recommends $missing

#!/bin/sh
# Installs Debian's Dovecot for the tests of the mailbox, where it is missing. Nothing of the system
# is set up: each test session starts a server of its own, on loopback. Needs root.
set -eu
export DEBIAN_FRONTEND=noninteractive

dpkg-query -W -f '${Status}' dovecot-imapd 2>/dev/null | grep -q 'ok installed' && exit 0

echo "installing Debian's package: dovecot-imapd"
apt-get update -qq
apt-get install -y -qq --no-install-recommends dovecot-imapd

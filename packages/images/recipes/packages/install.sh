# Installs the packages that are named as arguments, each by its exact name, and leaves nothing that could give rights.
set -eu
printf 'nameserver 127.0.0.53\noptions ndots:1\n' > /etc/resolv.conf || :
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
if ! command -v apt-get >/dev/null; then echo 'sbx: there is no apt-get in this image'; exit 4; fi
apt-get update -q -o APT::Update::Error-Mode=any
for wanted in "$@"; do
  name="${wanted%%=*}"
  apt-cache pkgnames -- "$name" | grep -Fxq -- "$name" || { echo "sbx: no package is called $name"; exit 3; }
done
# Services that packages bring are not begun here.
if [ ! -e /usr/sbin/policy-rc.d ]; then
  printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
  chmod 755 /usr/sbin/policy-rc.d
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
fi
apt-get install -y -q --no-install-recommends -- "$@"
find / -xdev -type f -perm /6000 -exec chmod a-s {} +
rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log

# Runs a command beside a real journald: sh journald.sh COMMAND...
# To be started as root in new mount and PID namespaces: whatever is left ends with this shell.
set -eu

mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/dev /run/systemd/journal /run/systemd/journald.conf.d /run/log/journal

# A /dev of our own, because /dev/log must not show outside.
mount --rbind /dev /run/dev
mount -t tmpfs -o mode=755 tmpfs /dev
for node in null zero full random urandom tty; do
    touch "/dev/$node"
    mount --bind "/run/dev/$node" "/dev/$node"
done
ln -s /proc/self/fd /dev/fd
ln -s fd/1 /dev/stdout
ln -s fd/2 /dev/stderr
ln -s /run/systemd/journal/dev-log /dev/log

# A machine id, which journald needs and a container may not have.
echo 0123456789abcdef0123456789abcdef > /run/machine-id
mount --bind /run/machine-id /etc/machine-id

cat > /run/systemd/journald.conf.d/test.conf <<'END'
[Journal]
Storage=volatile
Audit=no
ReadKMsg=no
RateLimitIntervalSec=0
ForwardToSyslog=no
ForwardToWall=no
ForwardToKMsg=no
RuntimeMaxUse=500M
END

SYSTEMD_LOG_TARGET=console /lib/systemd/systemd-journald 2> /run/journald.stderr &
export VISORD_TEST_JOURNALD=$!
until [ -S /run/systemd/journal/socket ] && [ -S /run/systemd/journal/dev-log ]; do
    kill -0 "$VISORD_TEST_JOURNALD" || { cat /run/journald.stderr; exit 99; }
    sleep 0.01
done
"$@"

#!/bin/sh
# Installs what Lowwater needs and a fresh Debian 12 lacks; says what to run where it may not.
#
#	setup.sh [browser]	the same of the browser, which only tests of pages want
set -eu

# A tool or file that must exist, and the package that brings it; moreutils has a "parallel" too.
needs() {
	cat <<-LIST
		gcc gcc
		ld binutils
		clang clang
		/usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-x86_64.a libclang-rt-dev
		clang-format clang-format
		/usr/include/stdlib.h libc6-dev
		/usr/include/cmocka.h libcmocka-dev
		/usr/bin/python3 python3
		/usr/lib/python3/dist-packages/pytest python3-pytest
		/usr/lib/python3/dist-packages/xdist python3-pytest-xdist
		/usr/lib/python3/dist-packages/pytest_subtests.py python3-pytest-subtests
		/usr/lib/python3/dist-packages/elftools python3-pyelftools
		/usr/lib/python3/dist-packages/hypothesis python3-hypothesis
		/usr/lib/python3/dist-packages/jsonschema python3-jsonschema
		/usr/lib/python3/dist-packages/junitparser python3-junitparser
		/usr/src/newlib newlib-source
		patch patch
		xz xz-utils
		qemu-system-x86_64 qemu-system-x86
		grub-mkrescue grub-common
		/usr/lib/grub/i386-pc/multiboot2.mod grub-pc-bin
		xorriso xorriso
		mformat mtools
		/usr/sbin/mke2fs e2fsprogs
		gdb gdb
		env_parallel parallel
		gcovr gcovr
		/usr/share/javascript/dygraphs/dygraph.min.js libjs-dygraphs
	LIST
}

wanted() {
	case ${1:-} in
	browser) echo chromium chromium ;;
	*) needs ;;
	esac
}

# Every make asks, so it takes no process. A file may be a pattern, of which the first match will do.
there() {
	case $1 in
	/*) [ -e "$1" ] ;;
	*) command -v "$1" >/dev/null 2>&1 ;;
	esac
}

# shellcheck disable=SC2086 # the pattern
missing=$(wanted "$@" | while read -r thing package; do
	there $thing || printf '%s ' "$package"
done)
[ -n "$missing" ] || exit 0

echo "lowwater: installing what is missing: $missing"
if [ "$(id -u)" = 0 ]; then
	as_root=
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
	as_root=sudo
else
	echo "lowwater: please run: apt-get install --no-install-recommends $missing" >&2
	exit 2
fi
export DEBIAN_FRONTEND=noninteractive
# Only errors are worth reading.
$as_root apt-get update -qq >/dev/null
# shellcheck disable=SC2086 # a list of packages
$as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null

#!/bin/sh
# Builds newlib from Debian's newlib-source into DIR, once: libc.a, libm.a and headers for apps,
# and klibc.a, the kernel's own instance of what it uses, without SSE (DESIGN 4). The apps' has
# threads: _REENT is __getreent(), and its locks are those of kernel/task/libc.
set -eu

dir=$1
tarball=$(ls /usr/src/newlib/newlib-*.tar.* 2>/dev/null | tail -n 1)
[ -n "$tarball" ] || { echo "newlib: no tarball in /usr/src/newlib; install newlib-source" >&2; exit 2; }

rm -rf "$dir"
mkdir -p "$dir/src" "$dir/obj" "$dir/k"
echo "newlib: building $(basename "$tarball"), once (a minute or two)"
tar xf "$tarball" -C "$dir/src" --strip-components=1 2>/dev/null || {
	echo "newlib: cannot unpack $tarball into $dir/src; is the disk full?" >&2
	exit 2
}
src=$(cd "$dir/src/newlib" && pwd)
# Its assertions know the files that they are in: by names that are the same wherever this lies.
flags="-ffile-prefix-map=$src=newlib -O2 -ffreestanding -mno-red-zone -mcmodel=kernel -fno-pic -fno-pie -fno-stack-protector"

(
	cd "$dir/obj"
	# It looks for bash, which starts more slowly. -C: its parts ask the compiler the same questions, answered once.
	export CONFIG_SHELL=/bin/sh
	"$src/configure" -C --host=x86_64-elf CC=gcc AR=ar RANLIB=ranlib CFLAGS="$flags -D__DYNAMIC_REENT__" \
		--enable-newlib-retargetable-locking --disable-multilib --enable-newlib-io-c99-formats --enable-newlib-io-long-long
	make -j"$(nproc)" MAKEINFO=true
) >"$dir/log" 2>&1 || { tail -n 20 "$dir/log" >&2; exit 2; }

cp "$dir/obj/libc.a" "$dir/obj/libm.a" "$dir"
cp -rL "$src/libc/include" "$dir/include"
cp -rL "$dir/obj/targ-include/." "$dir/include"
cp -L "$dir/obj/newlib.h" "$dir/include"

kflags="$flags -mgeneral-regs-only -fno-omit-frame-pointer -D_LIBC -DHAVE_CONFIG_H -w \
	-I$dir/obj -I$dir/include -I$src/libc/stdio -I$src/libc/stdlib -I$src/libc/locale"
gcc $kflags -DINTEGER_ONLY -DSTRING_ONLY -c "$src/libc/stdio/vfprintf.c" -o "$dir/k/svfiprintf.o"
gcc $kflags -D_REENT_ONLY -c "$src/libc/stdio/vsniprintf.c" -o "$dir/k/vsniprintf.o"
for f in memchr memcmp memcpy memmove memset strchr strcmp strcpy strcspn strlen strncmp strncpy \
	strnlen strspn; do
	gcc $kflags -c "$src/libc/string/$f.c" -o "$dir/k/$f.o"
done
rm -f "$dir/klibc.a"
ar rcs "$dir/klibc.a" "$dir"/k/*.o
rm -rf "$dir/src" "$dir/obj" "$dir/k"
cat "$0" >"$dir/done" # what make knows another recipe by

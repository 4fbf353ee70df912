# Stamps: files that hold a text and are written only when it has become another one. What depends on
# them is made again when its compiler, that one's version, its flags or the list of its sources is
# another, which no time stamp of a source tells. Where nothing is new this starts no process but the
# compiler, which is asked for its version.

ifndef stamp

# $(call stamp,TEXT) is the recipe of a stamp, and $(call version,COMPILER) a part of its text.
stamp = $(if $(call differ,$(file <$@),$1),$(call folder,$(@D))$(file >$@,$(strip $1)))
folder = $(if $(shell mkdir -p $1 2>&1 && [ -w $1 ] || echo no),$(error $1: cannot be made, or not be written to))
differ = $(subst x$(strip $1)x,,x$(strip $2)x)
version = $(wordlist 1,6,$(shell $1 --version 2>/dev/null))

.FORCE: # its name begins with a dot: it is not what `make` alone makes

endif

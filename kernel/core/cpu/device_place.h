/*
 * Where the firmware's tables put device registers, checked against the map of memory before anything
 * is mapped there: in usable memory a register would be somebody's data, and an address that the CPU
 * does not have is a fault. Whether a device answers there is asked by its own file. Boot context.
 */
#ifndef CORE_DEVICE_PLACE_H
#define CORE_DEVICE_PLACE_H

#include "boot/bootinfo.h"
#include "kernel/core/cpu/acpi.h"

/*
 * NULL, or one line that says which place is wrong, and what was expected; it lives until the next
 * call. `phys_bits`: of this CPU's physical addresses. A device that is not there (0) has no place.
 */
const char *device_places_check(
	const struct acpi_info *acpi, const struct boot_info *map, unsigned int phys_bits);

#endif

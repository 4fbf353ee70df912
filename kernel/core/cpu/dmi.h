/*
 * Reads the firmware's DMI tables into hardware_name (machine.h). Boot context; a machine
 * without them keeps an empty name, and reports leave the line out.
 */
#ifndef CORE_DMI_H
#define CORE_DMI_H

void dmi_init(void);

#endif

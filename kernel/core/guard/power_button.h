/*
 * The power button, which QEMU's system_powerdown presses: it is answered with a line. A run ends by
 * itself or with its emulator; ending it half-way would leave no result. Boot context.
 */
#ifndef CORE_POWER_BUTTON_H
#define CORE_POWER_BUTTON_H

/* Listen to it, where ACPI says that there is one. */
void power_button_start(void);

#endif

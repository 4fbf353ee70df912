/*
 * Starting the machine's further CPUs: memory for their idle tasks and fault stacks. Boot.
 */
#ifndef TASK_CPUS_H
#define TASK_CPUS_H

/* NULL, or what is wrong with the machine. Interrupts off; on for moments meanwhile. */
const char *start_cpus(void);

#endif

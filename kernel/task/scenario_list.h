/*
 * scenario=list: what every scenario declares, for the runner (an event for each arm) and for
 * people (a line for each arm on the console).
 */
#ifndef TASK_SCENARIO_LIST_H
#define TASK_SCENARIO_LIST_H

/* Context: a task, at boot's end; it writes to the log and the events channel only. */
void list_scenarios(void);

#endif

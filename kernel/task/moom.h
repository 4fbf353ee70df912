/*
 * SysRq 'f', the manual OOM kill (§7.10): a key press is counted, in any context, and a kernel task
 * does the killing, which sleeps. One kill for each press.
 */
#ifndef TASK_MOOM_H
#define TASK_MOOM_H

/* Start the task and register the key. Boot, before the scenario counts pages. */
void moom_start(void);

/* Presses whose kill has not been done yet. Any context. */
unsigned long manual_kills_pending(void);

#endif

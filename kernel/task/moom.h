/*
 * SysRq 'f', the manual OOM kill (§7.10): a key press is counted, in any context, and a worker does the
 * killing, which sleeps. One kill for each press. When no worker is free, or somebody holds oom_lock,
 * nobody is killed until that changes.
 */
#ifndef TASK_MOOM_H
#define TASK_MOOM_H

/* Register the key. Boot. */
void moom_init(void);

/* Presses whose kill has not been done yet. Any context. */
unsigned long manual_kills_pending(void);
/* Sleep until there are none: 0, or -1 when killed first. */
int manual_kills_wait(void);

#endif

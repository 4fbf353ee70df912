/*
 * What happened after a kill (see oom_watch.h).
 */
#include "kernel/core/log/event.h"
#include "kernel/core/time/time.h"
#include "mm/oom/oom_watch.h"

#define NS_PER_MS   1000000ul
#define MAX_SAMPLES 8

static void timeline(const char *what, int pid, const char *comm, long pages, uint64_t ns)
{
	char text[2 * TASK_COMM_LEN];

	event("{\"event\":\"oom\",\"what\":\"%s\",\"pid\":%d,\"comm\":\"%s\",\"rss\":%ld,"
	      "\"ns\":%lu}",
		what, pid, event_string(comm, text, sizeof(text)), pages, ns);
}

void oom_watch_kill(struct memory *m, const struct task *victim, const struct mm *mm)
{
	struct oom_watch *w = &m->watch;
	uint64_t now = clock_ns();

	timeline("killed", victim->process->leader->pid, victim->comm, mm_rss(mm), now);
	if (w->pid)
		return;
	w->pid = victim->process->leader->pid;
	w->mm = mm;
	w->killed_ns = now;
	w->steps = m->event[OOM_STEPS];
	w->trylock_failed = m->event[OOM_TRYLOCK_FAILED];
}

void oom_watch_reaped(struct memory *m, const struct mm *mm)
{
	struct oom_watch *w = &m->watch;
	uint64_t now = clock_ns();

	timeline("reaped", 0, "", mm_rss(mm), now);
	if (w->mm == mm && !w->reaped_ns)
		w->reaped_ns = now;
	memory_notice(m, "reap");
}

void oom_watch_exit(struct memory *m, const struct task *victim)
{
	struct oom_watch *w = &m->watch;
	int pid = victim->process->leader->pid;
	uint64_t now = clock_ns();

	timeline("exited", pid, victim->comm, 0, now);
	if (w->pid != pid || w->exited_ns)
		return;
	w->exited_ns = now;
	w->steps_exit = m->event[OOM_STEPS];
	w->trylock_exit = m->event[OOM_TRYLOCK_FAILED];
}

struct sample {
	int pid;
	long rss;
};

static unsigned int take_samples(struct sample *s, unsigned int most)
{
	const struct task *t;
	unsigned long flags;
	unsigned int n = 0;

	if (!tasks_trylock(&flags))
		return 0;
	for_each_task(t)
		if (t->memdie && t->mm && n < most)
			s[n++] = (struct sample){t->process->leader->pid, mm_rss(t->mm)};
	tasks_unlock(flags);
	return n;
}

/* Said with the list free again: a report holds the output while it looks at the tasks. */
void oom_watch_sample(const struct memory *m)
{
	struct sample s[MAX_SAMPLES];
	unsigned int n = m->oom_victims ? take_samples(s, MAX_SAMPLES) : 0;

	for (unsigned int i = 0; i < n; i++)
		event("{\"event\":\"sample\",\"name\":\"victim_rss\",\"pid\":%d,\"ns\":%lu,"
		      "\"value\":%ld}",
			s[i].pid, clock_ns(), s[i].rss);
}

long oom_ms_since_kill(const struct memory *m)
{
	return m->watch.pid ? (long)((clock_ns() - m->watch.killed_ns) / NS_PER_MS) : -1;
}

/* Milliseconds from the kill; nothing when it has not come to that. */
static void interval(const char *name, const struct oom_watch *w, uint64_t ns)
{
	if (ns)
		event_counter(name, (ns - w->killed_ns) / NS_PER_MS);
}

void oom_watch_report(const struct memory *m)
{
	const struct oom_watch *w = &m->watch;
	bool gone = w->exited_ns;

	if (!w->pid)
		return;
	interval(COUNTER("kill_to_exit_ms"), w, w->exited_ns);
	interval(COUNTER("kill_to_reap_ms"), w, w->reaped_ns);
	event_counter(COUNTER("oom_steps_meanwhile"),
		(gone ? w->steps_exit : m->event[OOM_STEPS]) - w->steps);
	event_counter(COUNTER("oom_trylock_failed_meanwhile"),
		(gone ? w->trylock_exit : m->event[OOM_TRYLOCK_FAILED]) - w->trylock_failed);
}

/* hold: pid 1 of a workload. A part of hold.c. */

static void reap(void)
{
	int status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		note_end(pid, code_of(status));
}

static int do_init(void)
{
	static struct pollfd polled[2 + 2 * STARTS];
	static int owners[2 + 2 * STARTS][2];
	struct signalfd_siginfo seen;
	long stop_at = 0;
	sigset_t set;
	errno = 0;
	if (getpid() != 1)
		return complain(2, "init is for pid 1:", "it signals every process it can see");
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	int signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (signals < 0)
		return complain(1, "cannot wait for", "signals");
	find_daemon();
	for (;;) {
		int has_room = tell_ends() && can_answer();
		nfds_t count = wait_for(polled, signals, owners, has_room);
		poll(polled, count, stop_at ? 20 : -1);
		while (read(signals, &seen, sizeof seen) == sizeof seen) {
			if (seen.ssi_signo == SIGCHLD || stop_at)
				continue;
			stop_at = now_ms() + STOP_MS;
			kill(-1, SIGTERM);
			kill(-1, SIGCONT);
		}
		for (nfds_t i = 2; i < count; i++)
			if (polled[i].revents)
				drain(&starts[owners[i][0]], owners[i][1]);
		reap();
		if (!stop_at && polled[1].revents & POLLHUP)
			has_room = 1; /* nobody waits for an answer */
		if (!stop_at && has_room && polled[1].revents)
			while ((can_answer() || polled[1].revents & POLLHUP) && read_message())
				;
		if (stop_at && ((kill(-1, 0) < 0 && errno == ESRCH) || now_ms() >= stop_at)) {
			tell_ends();
			kill(-1, SIGKILL);
			return 0;
		}
	}
}

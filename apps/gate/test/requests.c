/*
 * How pid 1 reads its requests, apart from its being pid 1, for a compiler that checks every access. The
 * argument is the number of its connection, with which it ends.
 */
#define main hold_main
#include "../src/hold.c"
#undef main

int main(int argc, char **argv)
{
	static struct pollfd polled[2 + 2 * STARTS];
	static int owners[2 + 2 * STARTS][2];
	control = argc > 1 ? atoi(argv[1]) : -1;
	fcntl(control, F_SETFD, FD_CLOEXEC);
	nonblocking(control);
	no_input = open("/dev/null", O_RDONLY | O_CLOEXEC);
	while (control >= 0) {
		int has_room = tell_ends() && can_answer();
		nfds_t count = wait_for(polled, -1, owners, has_room);
		poll(polled, count, 10);
		for (nfds_t i = 2; i < count; i++)
			if (polled[i].revents)
				drain(&starts[owners[i][0]], owners[i][1]);
		reap();
		if (has_room && polled[1].revents)
			while ((can_answer() || polled[1].revents & POLLHUP) && read_message())
				;
	}
	return 0;
}

/* hold: what all verbs share: limits, exit codes, and the files of a session. A part of hold.c. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define KEEP (256 * 1024)	/* output kept for those who join, bytes */
#define QUEUE (KEEP + 1024 * 1024)	/* output waiting for one viewer */
#define FRAME 4096		/* largest payload of a frame */
#define HEAD 3			/* type, length (little endian) */
#define TYPED (64 * 1024)	/* input waiting for the program */
#define VIEWERS 16
#define TOKEN 64
#define STUCK_MS 2000		/* a viewer with a full queue that takes nothing for so long is dropped */
#define LINGER_MS 200		/* how long output is awaited from what the program left behind */
#define NUDGE_MS 60		/* between the two sizes that make a program draw itself anew */
#define STOP_MS 3000
#define HANG_UP_MS 500	/* after SIGTERM: shells at a terminal ignore that */
#define KILL_MS 2500	/* after SIGTERM: early enough to write down how it ended */

/* Exit codes of hold itself, where a session's code could stand; ask for the exit file when it matters. */
enum { DETACHED = 250, NO_SESSION = 251 };

typedef unsigned char u8;

static int complain(int code, const char *what, const char *about)
{
	if (errno)
		fprintf(stderr, "hold: %s %s: %s\n", what, about, strerror(errno));
	else
		fprintf(stderr, "hold: %s %s\n", what, about);
	return code;
}

static long now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000L + t.tv_nsec / 1000000;
}

static void nonblocking(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static volatile sig_atomic_t resized = 1, hung_up;

static void write_all(int fd, const void *data, size_t size)
{
	const char *p = data;
	while (size > 0) {
		ssize_t n = write(fd, p, size);
		if (n > 0) {
			p += n;
			size -= n;
		} else if (n < 0 && errno == EAGAIN) {
			struct pollfd wait = { fd, POLLOUT, 0 };
			poll(&wait, 1, STUCK_MS);
			if (!(wait.revents & POLLOUT))
				return;
		} else if (n == 0 || errno != EINTR || hung_up) {
			return;
		}
	}
}

static int open_dir(const char *dir)
{
	return open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static void put_file(int dir, const char *name, const void *data, size_t size)
{
	int fd = openat(dir, "new", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	write_all(fd, data, size);
	close(fd);
	renameat(dir, "new", dir, name);
}

static void put_number(int dir, const char *name, long number)
{
	char text[32];
	put_file(dir, name, text, snprintf(text, sizeof text, "%ld\n", number));
}

/* A number of at most nine digits, or -1. A FIFO in its place does not hold us up. */
static long get_number(int dir, const char *name)
{
	char text[16] = "";
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, 10);
	close(fd);
	return n > 0 && text[0] >= '0' && text[0] <= '9' ? strtol(text, NULL, 10) : -1;
}

/* A session runs as long as its lock is held. */
static int is_running(int dir)
{
	int fd = openat(dir, "lock", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int held = fd >= 0 && get_number(dir, "exit") < 0 && flock(fd, LOCK_SH | LOCK_NB) < 0;
	close(fd);
	return held;
}

/* The lock of the session that this program keeps. */
static int lock = -1;

static int make_session(const char *path)
{
	if (mkdir(path, 0700) < 0)
		return -1;
	int dir = open_dir(path);
	lock = dir < 0 ? -1 : openat(dir, "lock", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return lock >= 0 && flock(lock, LOCK_EX) == 0 ? dir : -1;
}

/* Sockets have short addresses: name them by the directory's descriptor. */
static struct sockaddr_un socket_in(int dir)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	snprintf(at.sun_path, sizeof at.sun_path, "/proc/self/fd/%d/socket", dir);
	return at;
}

static int code_of(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Runs in the child: gives the program a clean start, or tells `report` why there is none. */
static void __attribute__((noreturn)) become(char **argv, int report)
{
	sigset_t none;
	sigemptyset(&none);
	for (int s = 1; s < NSIG; s++)
		signal(s, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execvp(argv[0], argv);
	int error = errno;
	complain(0, "cannot run", argv[0]);
	write_all(report, &error, sizeof error);
	_exit(error == ENOENT ? 127 : 126);
}

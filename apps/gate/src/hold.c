/*
 * hold: keeps a sandbox's sessions. One static program that runs in any image; it is also pid 1 of every workload.
 *
 *   hold init                          pid 1: reaps; SIGTERM or SIGINT ends everything within 3 s
 *   hold run DIR COLS ROWS -- ARGV...  start ARGV on a terminal that outlives its viewers
 *   hold attach DIR [TOKEN]            view and type; ends with the session's exit code
 *   hold leave DIR [TOKEN]             make the viewers (of that token) leave
 *   hold stream DIR -- ARGV...         run ARGV with this program's own three streams
 *   hold wait DIR                      wait for the session's end and print its exit code
 *   hold signal DIR NAME               signal the session's process group
 *   hold log DIR                       print what is kept of a terminal's output
 *   hold list BASE                     one line each: NAME running, NAME ended CODE, NAME lost
 *   hold forget DIR                    remove what an ended session left
 *   hold stat PATH...                  one line each: DEV INO MODE TYPE PATH (escaped), or: - PATH
 *
 * DIR holds `lock` (held while the session runs), `pid`, `socket`, and at the end `log` and `exit`. Whoever may write in
 * DIR is the session's own user: nothing there is trusted with more than that user can do anyway.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
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
#define HANG_UP_MS 500

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

/* ---- files of a session ---- */

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

/* ---- terminal queries in replayed output ---- */

/* Length of the control sequence at p, which begins with ESC; 0 when it is cut off. */
static size_t sequence(const u8 *p, size_t n)
{
	size_t i = 2;
	if (n < 2)
		return 0;
	if (p[1] == '[') {
		while (i < n && p[i] >= 0x20 && p[i] < 0x40)
			i++;
		return i == n ? 0 : p[i] >= 0x40 && p[i] < 0x7f ? i + 1 : i;
	}
	if (p[1] == 0 || !strchr("]P_^X", p[1]))
		return 2;
	for (; i < n; i++) {
		if (p[i] == 7)
			return i + 1;
		if (p[i] == 27)
			return i + 1 < n && p[i + 1] == '\\' ? i + 2 : i;
	}
	return 0;
}

/* Whether a terminal would answer this sequence; its answer would be typed at the program. */
static int is_query(const u8 *p, size_t n)
{
	u8 last = p[n - 1];
	int number = n > 2 ? atoi((const char *)p + 2) : 0;
	switch (p[1]) {
	case 'Z':
		return 1;
	case '[':	/* status, attributes, parameters; XTVERSION; modes; keyboard; window reports; checksums */
		return strchr("ncx", last) != NULL || (last == 'q' && p[2] == '>') || (last == 'p' && p[n - 2] == '$') ||
		       (last == 'u' && p[2] == '?') || (last == 'S' && p[2] == '?') || (last == 't' && (number == 11 || (number >= 13 && number <= 21))) ||
		       (last == 'y' && p[n - 2] == '*');
	case ']':	/* colours, clipboard: the value asked for is a question mark */
		return memmem(p, n, ";?", 2) != NULL;
	case 'P':
		return n > 3 && (p[2] == '+' || p[2] == '$') && p[3] == 'q';
	case '_':
		return memmem(p, n, "a=q", 3) != NULL;
	}
	return 0;
}

static size_t without_queries(const u8 *in, size_t n, u8 *out)
{
	size_t size = 0;
	for (size_t i = 0; i < n;) {
		size_t length = in[i] == 27 ? sequence(in + i, n - i) : 1;
		if (length == 0)
			length = n - i;
		else if (in[i] == 5 || (in[i] == 27 && length > 1 && is_query(in + i, length))) {
			i += length;
			continue;
		}
		memcpy(out + size, in + i, length);
		size += length;
		i += length;
	}
	return size;
}

/* ---- the holder ---- */

struct viewer {
	int fd, joined, leaving;
	long taken_at;		/* when it last took something, or had nothing to take */
	size_t off, size, got;
	u8 in[HEAD + FRAME];
	char token[TOKEN + 1];
	u8 out[QUEUE];
};

static struct {
	int dir, master, listener, signals, joined_once, ended, code;
	pid_t child;
	long nudge_at, idle_until, end_at;
	struct winsize size;
	struct viewer *viewers[VIEWERS];
	size_t kept, typed;
	u8 keep[2 * KEEP], in[TYPED];
} hold;

static size_t room(const struct viewer *v)
{
	return sizeof v->out - v->size;
}

static void enqueue(struct viewer *v, u8 type, const u8 *data, size_t size)
{
	do {
		size_t part = size < FRAME ? size : FRAME;
		if (room(v) < HEAD + part) {
			v->leaving = 1;
			return;
		}
		if (v->off + v->size + HEAD + part > sizeof v->out) {
			memmove(v->out, v->out + v->off, v->size);
			v->off = 0;
		}
		u8 *at = v->out + v->off + v->size;
		at[0] = type;
		at[1] = part & 255;
		at[2] = part >> 8;
		if (part > 0)
			memcpy(at + HEAD, data, part);
		v->size += HEAD + part;
		data += part;
		size -= part;
	} while (size > 0);
}

static void keep(const u8 *data, size_t size)
{
	if (hold.kept + size > sizeof hold.keep) {
		memmove(hold.keep, hold.keep + hold.kept - KEEP, KEEP);
		hold.kept = KEEP;
	}
	memcpy(hold.keep + hold.kept, data, size);
	hold.kept += size;
}

/* The last KEEP bytes, from the start of a line or sequence if older ones are gone. */
static size_t kept(const u8 **from)
{
	size_t size = hold.kept < KEEP ? hold.kept : KEEP, skip = 0;
	*from = hold.keep + hold.kept - size;
	if (hold.kept > size)
		while (skip < FRAME && (*from)[skip] != '\n' && (*from)[skip] != 27)
			skip++;
	*from += skip;
	return size - skip;
}

static void replay(struct viewer *v)
{
	static u8 clean[KEEP];
	const u8 *from;
	size_t size = kept(&from);
	size = without_queries(from, size, clean);
	if (size > 0)
		enqueue(v, 'D', clean, size);
}

static void set_size(struct winsize size)
{
	if (size.ws_col > 0 && size.ws_row > 0)
		ioctl(hold.master, TIOCSWINSZ, &size);
}

static void on_size(struct viewer *v, const u8 *p)
{
	struct winsize size = { .ws_col = p[0] | p[1] << 8, .ws_row = p[2] | p[3] << 8 };
	if (size.ws_col > 0 && size.ws_row > 0)
		hold.size = size;
	size = hold.size;
	if (!v->joined) {
		v->joined = 1;
		replay(v);
		if (hold.joined_once && size.ws_row > 1) {
			size.ws_row--;
			hold.nudge_at = now_ms() + NUDGE_MS;
		}
		hold.joined_once = 1;
	} else if (hold.nudge_at) {
		return;
	}
	set_size(size);
}

static void on_frame(struct viewer *v, u8 type, const u8 *data, size_t size)
{
	if (type == 'D' && v->joined) {
		memcpy(hold.in + hold.typed, data, size);
		hold.typed += size;
	} else if (type == 'S' && size == 4) {
		on_size(v, data);
	} else if (type == 'T' && size <= TOKEN) {
		memcpy(v->token, data, size);
	} else if (type == 'L') {
		replay(v);
		v->leaving = 1;
	} else if (type == 'Q') {
		for (int i = 0; i < VIEWERS; i++)
			if (hold.viewers[i] && (size == 0 || (strlen(hold.viewers[i]->token) == size && memcmp(hold.viewers[i]->token, data, size) == 0)))
				hold.viewers[i]->leaving = 1;
		v->leaving = 1;
	}
}

/* Carry out the frames that came, as long as there is room for what is typed. */
static void frames(struct viewer *v)
{
	while (v->got >= HEAD) {
		size_t size = v->in[1] | v->in[2] << 8;
		if (size > FRAME) {
			v->leaving = 1;
			return;
		}
		if (v->got < HEAD + size || sizeof hold.in - hold.typed < size)
			return;
		on_frame(v, v->in[0], v->in + HEAD, size);
		v->got -= HEAD + size;
		memmove(v->in, v->in + HEAD + size, v->got);
	}
}

static void drop(int i)
{
	close(hold.viewers[i]->fd);
	free(hold.viewers[i]);
	hold.viewers[i] = NULL;
}

static void serve(int i, short events)
{
	struct viewer *v = hold.viewers[i];
	ssize_t n;
	if (v->size == 0)
		v->taken_at = now_ms();
	if (events & POLLOUT && (n = write(v->fd, v->out + v->off, v->size)) > 0) {
		v->off = (size_t)n == v->size ? 0 : v->off + n;
		v->size -= n;
		v->taken_at = now_ms();
	}
	if (events & (POLLIN | POLLHUP | POLLERR)) {
		n = read(v->fd, v->in + v->got, sizeof v->in - v->got);	/* no room left and hung up: it goes */
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
			drop(i);
			return;
		}
		v->got += n > 0 ? n : 0;
	}
	frames(v);
	int stuck = v->size && (v->leaving || room(v) < QUEUE / 2) && now_ms() - v->taken_at > STUCK_MS;
	if (stuck || (v->leaving && v->size == 0))
		drop(i);
}

static void welcome(void)
{
	int fd = accept4(hold.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	for (int i = 0; fd >= 0 && i < VIEWERS; i++) {
		if (hold.viewers[i])
			continue;
		hold.viewers[i] = calloc(1, sizeof *hold.viewers[i]);
		if (!hold.viewers[i])
			break;
		hold.viewers[i]->fd = fd;
		hold.viewers[i]->taken_at = now_ms();
		return;
	}
	close(fd);
}

/* Read what the program wrote. Its terminal reports an error once nobody has it open. */
static void take_output(void)
{
	u8 data[FRAME];
	ssize_t n = read(hold.master, data, sizeof data);
	if (n <= 0) {
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (hold.ended)
			hold.end_at = now_ms();
		hold.idle_until = now_ms() + 100;
		return;
	}
	keep(data, n);
	for (int i = 0; i < VIEWERS; i++)
		if (hold.viewers[i] && hold.viewers[i]->joined)
			enqueue(hold.viewers[i], 'D', data, n);
}

static void turn(void)
{
	struct pollfd at[3 + VIEWERS] = { { hold.signals, POLLIN, 0 }, { hold.listener, POLLIN, 0 }, { hold.master, 0, 0 } };
	long now = now_ms();
	int full = 0, leaving = 0, timeout = -1;
	for (int i = 0; i < VIEWERS; i++) {
		struct viewer *v = hold.viewers[i];
		at[3 + i] = (struct pollfd){ v ? v->fd : -1, 0, 0 };
		if (!v)
			continue;
		leaving |= v->leaving;
		full |= v->joined && !v->leaving && room(v) < QUEUE / 2;
		at[3 + i].events = (v->size ? POLLOUT : 0) | (v->got < sizeof v->in && sizeof hold.in - hold.typed >= FRAME ? POLLIN : 0);
	}
	if (full && hold.ended)
		hold.end_at = now + LINGER_MS;
	at[2].events = (full ? 0 : POLLIN) | (hold.typed ? POLLOUT : 0);
	if (now < hold.idle_until || at[2].events == 0)
		at[2].fd = -1;
	if (full || leaving || hold.nudge_at || hold.ended || now < hold.idle_until)
		timeout = 20;
	if (poll(at, 3 + VIEWERS, timeout) < 0)
		return;
	if (at[0].revents & POLLIN) {
		struct signalfd_siginfo info;
		int status;
		if (read(hold.signals, &info, sizeof info) > 0 && !hold.ended && waitpid(hold.child, &status, WNOHANG) == hold.child) {
			hold.ended = 1;
			hold.code = code_of(status);
			hold.end_at = now_ms() + LINGER_MS;
			hold.idle_until = 0;
		}
	}
	if (at[2].fd >= 0 && at[2].revents & (POLLIN | POLLHUP | POLLERR) && !full)
		take_output();
	ssize_t n = hold.typed && at[2].revents & POLLOUT ? write(hold.master, hold.in, hold.typed) : 0;
	if (n > 0) {
		hold.typed -= n;
		memmove(hold.in, hold.in + n, hold.typed);
	}
	for (int i = 0; i < VIEWERS; i++)
		if (hold.viewers[i] && at[3 + i].fd >= 0)
			serve(i, at[3 + i].revents);
	if (at[1].revents & POLLIN)
		welcome();
	if (hold.nudge_at && now_ms() >= hold.nudge_at) {
		hold.nudge_at = 0;
		set_size(hold.size);
	}
}

static int waiting(void)
{
	for (int i = 0; i < VIEWERS; i++)
		if (hold.viewers[i] && hold.viewers[i]->size)
			return 1;
	return 0;
}

/* Keep the session until its program has ended; then write down how, tell the viewers and go. */
static void __attribute__((noreturn)) keep_session(void)
{
	const u8 *from;
	while (!hold.ended || now_ms() < hold.end_at)
		turn();
	size_t size = kept(&from);
	put_file(hold.dir, "log", from, size);
	put_number(hold.dir, "exit", hold.code);
	close(lock);
	unlinkat(hold.dir, "socket", 0);
	close(hold.listener);
	hold.listener = -1;
	u8 code = hold.code;
	for (int i = 0; i < VIEWERS; i++)
		if (hold.viewers[i])
			enqueue(hold.viewers[i], 'X', &code, 1);
	close(hold.master);
	hold.master = -1;
	for (long until = now_ms() + STUCK_MS; waiting() && now_ms() < until;)
		turn();
	_exit(0);
}

static int listen_in(int dir)
{
	struct sockaddr_un at = socket_in(dir);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	return bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, VIEWERS) == 0 ? fd : -1;
}

/* Becomes the holder. `report` is told nothing when the program runs, else the reason. */
static void __attribute__((noreturn)) start_holder(char **argv, int slave, int report)
{
	sigset_t child;
	int status, null = open("/dev/null", O_RDWR | O_CLOEXEC);
	setsid();
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	hold.child = fork();
	if (hold.child == 0) {
		setsid();
		ioctl(slave, TIOCSCTTY, 0);
		for (int fd = 0; fd < 3; fd++)
			dup2(slave, fd);
		become(argv, report);
	}
	close(slave);
	/* The program is told by whoever ends it; the holder stays to write down how it ended. */
	int ignored[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGTSTP };
	for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
		signal(ignored[i], SIG_IGN);
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	put_number(hold.dir, "pid", hold.child);
	hold.signals = signalfd(-1, &child, SFD_NONBLOCK | SFD_CLOEXEC);
	nonblocking(hold.master);
	close(report);
	if (hold.child < 0 || hold.signals < 0) {
		waitpid(hold.child, &status, 0);
		_exit(1);
	}
	keep_session();
}

static int do_run(char **argv)
{
	int slave, report[2], error = 0;
	struct termios terminal;
	hold.size = (struct winsize){ .ws_col = atoi(argv[1]), .ws_row = atoi(argv[2]) };
	hold.dir = make_session(argv[0]);
	if (hold.dir < 0)
		return complain(1, "cannot make the session", argv[0]);
	if (openpty(&hold.master, &slave, NULL, NULL, &hold.size) < 0)
		return complain(1, "no terminal for", argv[0]);
	fcntl(hold.master, F_SETFD, FD_CLOEXEC);
	fcntl(slave, F_SETFD, FD_CLOEXEC);
	tcgetattr(slave, &terminal);
	terminal.c_iflag |= IUTF8;
	tcsetattr(slave, TCSANOW, &terminal);
	hold.listener = listen_in(hold.dir);
	if (hold.listener < 0 || pipe2(report, O_CLOEXEC) < 0)
		return complain(1, "cannot listen in", argv[0]);
	pid_t holder = fork();
	if (holder < 0)
		return complain(1, "cannot start the holder of", argv[0]);
	if (holder == 0)
		start_holder(argv + 4, slave, report[1]);
	close(report[1]);
	if (read(report[0], &error, sizeof error) != sizeof error)
		return 0;
	waitpid(holder, NULL, 0);
	errno = error;
	return complain(error == ENOENT ? 127 : 126, "cannot run", argv[4]);
}

/* ---- viewers ---- */

static int connect_in(int dir)
{
	struct sockaddr_un at = socket_in(dir);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0)
		return fd;
	close(fd);
	return -1;
}

static void send_frame(int fd, u8 type, const void *data, size_t size)
{
	u8 frame[HEAD + FRAME] = { type, size & 255, size >> 8 };
	if (size > 0)
		memcpy(frame + HEAD, data, size);
	write_all(fd, frame, HEAD + size);
}

/* For a session that has no holder any more: print its log if wanted, and answer with its exit code. */
static int tell_end(int dir, int with_log)
{
	static u8 raw[KEEP], clean[KEEP];
	long code = get_number(dir, "exit");
	int fd = with_log ? openat(dir, "log", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;
	ssize_t n = fd < 0 ? 0 : read(fd, raw, sizeof raw);
	if (n > 0)
		write_all(1, clean, without_queries(raw, n, clean));
	errno = 0;
	return code >= 0 && code <= 255 ? (int)code : complain(NO_SESSION, "the session was lost,", "its exit code is not known");
}

static void on_signal(int number)
{
	if (number == SIGWINCH)
		resized = 1;
	else
		hung_up = 1;
}

/* Take the complete frames out of `in` and print them. An exit code ends the session; -1 goes on. */
static int print_frames(u8 *in, size_t *got)
{
	size_t at = 0;
	int code = -1;
	while (code < 0 && *got - at >= HEAD && *got - at >= HEAD + (size_t)(in[at + 1] | in[at + 2] << 8)) {
		size_t size = in[at + 1] | in[at + 2] << 8;
		if (in[at] == 'X' && size == 1)
			code = in[at + HEAD];
		else if (in[at] == 'D')
			write_all(1, in + at + HEAD, size);
		at += HEAD + size;
	}
	memmove(in, in + at, *got - at);
	*got -= at;
	return code;
}

static void send_size(int fd)
{
	struct winsize w = { 0 };
	resized = 0;
	ioctl(0, TIOCGWINSZ, &w);
	u8 size[4] = { w.ws_col & 255, w.ws_col >> 8, w.ws_row & 255, w.ws_row >> 8 };
	send_frame(fd, 'S', size, sizeof size);
}

static int view(int dir, int fd)
{
	static u8 in[HEAD + 65535];
	u8 typed[HEAD + FRAME];
	size_t got = 0, left = 0, off = 0;
	int seen = 0;
	sigset_t normal, blocked;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGWINCH);
	sigprocmask(SIG_BLOCK, &blocked, &normal);
	for (;;) {
		if (hung_up)
			return DETACHED;
		if (resized && left == 0)
			send_size(fd);
		struct pollfd at[2] = { { left ? -1 : 0, POLLIN, 0 }, { fd, POLLIN | (left ? POLLOUT : 0), 0 } };
		if (ppoll(at, 2, NULL, &normal) < 0)
			continue;
		if (at[1].revents & (POLLIN | POLLHUP | POLLERR)) {
			ssize_t n = recv(fd, in + got, sizeof in - got, MSG_DONTWAIT);
			if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
				return get_number(dir, "exit") >= 0 || !is_running(dir) ? tell_end(dir, !seen) : DETACHED;
			got += n > 0 ? n : 0;
			seen = 1;
			int code = print_frames(in, &got);
			if (code >= 0)
				return code;
		}
		if (left && at[1].revents & POLLOUT) {
			ssize_t n = send(fd, typed + off, left, MSG_DONTWAIT);
			off += n > 0 ? n : 0;
			left -= n > 0 ? n : 0;
		}
		if (at[0].revents) {
			ssize_t n = read(0, typed + HEAD, FRAME);
			if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
				return DETACHED;
			if (n > 0) {
				typed[0] = 'D';
				typed[1] = n & 255;
				typed[2] = n >> 8;
				off = 0;
				left = HEAD + n;
			}
		}
	}
}

static int do_attach(const char *path, const char *token)
{
	struct termios before, raw;
	int dir = open_dir(path);
	if (dir < 0)
		return complain(NO_SESSION, "no session in", path);
	int fd = connect_in(dir);
	if (fd < 0)
		return tell_end(dir, 1);
	struct sigaction act = { .sa_handler = on_signal };
	sigaction(SIGWINCH, &act, NULL);
	sigaction(SIGHUP, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	signal(SIGPIPE, SIG_IGN);
	int terminal = tcgetattr(0, &before) == 0;
	if (terminal) {
		raw = before;
		cfmakeraw(&raw);
		tcsetattr(0, TCSANOW, &raw);
	}
	send_frame(fd, 'T', token, strnlen(token, TOKEN));
	int code = view(dir, fd);
	if (terminal)
		tcsetattr(0, TCSANOW, &before);
	return code;
}

static int do_log(const char *path)
{
	static u8 in[HEAD + 65535];
	size_t got = 0;
	ssize_t n;
	int dir = open_dir(path), fd = dir < 0 ? -1 : connect_in(dir);
	if (dir < 0)
		return complain(NO_SESSION, "no session in", path);
	if (fd < 0)
		return tell_end(dir, 1), 0;
	send_frame(fd, 'L', NULL, 0);
	while ((n = read(fd, in + got, sizeof in - got)) > 0) {
		got += n;
		print_frames(in, &got);
	}
	return 0;
}

static int do_leave(const char *path, const char *token)
{
	char end;
	int dir = open_dir(path), fd = dir < 0 ? -1 : connect_in(dir);
	if (fd < 0)
		return 0;
	send_frame(fd, 'Q', token, strnlen(token, TOKEN));
	while (read(fd, &end, 1) > 0)
		;
	return 0;
}

/* ---- sessions without a terminal, and the small verbs ---- */

static pid_t streaming;
static void pass_on(int number)
{
	kill(-streaming, number);
}

static int do_stream(char **argv)
{
	static const int passed[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };
	struct sigaction act = { .sa_handler = pass_on, .sa_flags = SA_RESTART };
	int status = 0, dir = make_session(argv[0]), null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	sigset_t all, before;
	if (dir < 0)
		return complain(1, "cannot make the session", argv[0]);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	streaming = fork();
	if (streaming < 0)
		return complain(1, "cannot start", argv[2]);
	if (streaming == 0) {
		setpgid(0, 0);
		become(argv + 2, null);
	}
	setpgid(streaming, streaming);
	put_number(dir, "pid", streaming);
	/* Only the program holds the streams, so that its closing one is seen at the other end. */
	close(0);
	close(1);
	for (size_t i = 0; i < sizeof passed / sizeof *passed; i++)
		sigaction(passed[i], &act, NULL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(2);
	while (waitpid(streaming, &status, 0) < 0 && errno == EINTR)
		;
	put_number(dir, "exit", code_of(status));
	return code_of(status);
}

static int do_signal(const char *path, const char *name)
{
	static const struct { const char *name; int number; } known[] = {
		{ "HUP", SIGHUP }, { "INT", SIGINT }, { "QUIT", SIGQUIT }, { "KILL", SIGKILL }, { "TERM", SIGTERM },
		{ "USR1", SIGUSR1 }, { "USR2", SIGUSR2 }, { "CONT", SIGCONT }, { "STOP", SIGSTOP },
	};
	int dir = open_dir(path), number = 0;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(known[i].name, name) == 0)
			number = known[i].number;
	errno = 0;
	if (number == 0)
		return complain(2, "no such signal:", name);
	long pid = dir >= 0 && is_running(dir) ? get_number(dir, "pid") : -1;
	/* The session can write this file: it must not choose "everybody" or pid 1. */
	if (pid <= 1)
		return complain(NO_SESSION, "no session runs in", path);
	return kill((pid_t)-pid, number) == 0 || kill((pid_t)pid, number) == 0 ? 0 : complain(1, "cannot signal the session in", path);
}

static int do_wait(const char *path)
{
	int dir = open_dir(path), fd = dir < 0 ? -1 : openat(dir, "lock", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return complain(NO_SESSION, "no session in", path);
	while (flock(fd, LOCK_SH) < 0 && errno == EINTR)
		;
	long code = get_number(dir, "exit");
	errno = 0;
	if (code < 0)
		return complain(NO_SESSION, "the session was lost in", path);
	printf("%ld\n", code);
	return 0;
}

static int do_list(const char *base)
{
	DIR *all = opendir(base);
	struct dirent *entry;
	if (!all)
		return errno == ENOENT ? 0 : complain(1, "cannot list", base);
	while ((entry = readdir(all))) {
		int dir = strspn(entry->d_name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == strlen(entry->d_name)
			? openat(dirfd(all), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
		if (dir < 0)
			continue;
		long code = get_number(dir, "exit");
		if (code >= 0)
			printf("%s ended %ld\n", entry->d_name, code);
		else
			printf("%s %s\n", entry->d_name, is_running(dir) ? "running" : "lost");
		close(dir);
	}
	return 0;
}

static int do_forget(const char *path)
{
	static const char *const names[] = { "exit", "lock", "log", "new", "pid", "socket" };
	int dir = open_dir(path);
	if (dir < 0)
		return 0;
	errno = 0;
	if (is_running(dir))
		return complain(1, "a session runs in", path);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unlinkat(dir, names[i], 0);
	return rmdir(path) == 0 ? 0 : complain(1, "cannot remove", path);
}

static int do_stat(char **paths)
{
	for (; *paths; paths++) {
		struct stat s;
		if (lstat(*paths, &s) < 0) {
			fputs("- ", stdout);
		} else {
			char type = S_ISREG(s.st_mode) ? 'f' : S_ISDIR(s.st_mode) ? 'd' : S_ISLNK(s.st_mode) ? 'l' : S_ISSOCK(s.st_mode) ? 's' :
				S_ISFIFO(s.st_mode) ? 'p' : S_ISBLK(s.st_mode) ? 'b' : S_ISCHR(s.st_mode) ? 'c' : '?';
			printf("%llu %llu %o %c ", (unsigned long long)s.st_dev, (unsigned long long)s.st_ino, s.st_mode & 07777, type);
		}
		for (const u8 *p = (const u8 *)*paths; *p; p++)
			printf(*p > 0x20 && *p < 0x7f && *p != '%' ? "%c" : "%%%02X", *p);
		putchar('\n');
	}
	return 0;
}

static int do_init(void)
{
	const struct timespec tick = { 0, 20 * 1000000 };
	long stop_at = 0, hang_up_at = 0;
	int number;
	sigset_t set;
	errno = 0;
	if (getpid() != 1)
		return complain(2, "init is for pid 1:", "it signals every process it can see");
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (;;) {
		number = stop_at ? sigtimedwait(&set, NULL, &tick) : sigwaitinfo(&set, NULL);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if ((number == SIGTERM || number == SIGINT) && !stop_at) {
			stop_at = now_ms() + STOP_MS;
			hang_up_at = now_ms() + HANG_UP_MS;
			kill(-1, SIGTERM);
			kill(-1, SIGCONT);
		}
		if (stop_at && now_ms() >= hang_up_at) {	/* shells at a terminal ignore SIGTERM */
			hang_up_at = stop_at + STOP_MS;
			kill(-1, SIGHUP);
		}
		if (stop_at && ((kill(-1, 0) < 0 && errno == ESRCH) || now_ms() >= stop_at)) {
			kill(-1, SIGKILL);
			return 0;
		}
	}
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";
#define IS(name, enough) (strcmp(verb, name) == 0 && (enough))
	if (IS("init", argc == 2))
		return do_init();
	if (IS("run", argc > 6 && strcmp(argv[5], "--") == 0))
		return do_run(argv + 2);
	if (IS("attach", argc == 3 || argc == 4))
		return do_attach(argv[2], argc == 4 ? argv[3] : "");
	if (IS("leave", argc == 3 || argc == 4))
		return do_leave(argv[2], argc == 4 ? argv[3] : "");
	if (IS("stream", argc > 4 && strcmp(argv[3], "--") == 0))
		return do_stream(argv + 2);
	if (IS("wait", argc == 3))
		return do_wait(argv[2]);
	if (IS("signal", argc == 4))
		return do_signal(argv[2], argv[3]);
	if (IS("log", argc == 3))
		return do_log(argv[2]);
	if (IS("list", argc == 3))
		return do_list(argv[2]);
	if (IS("forget", argc == 3))
		return do_forget(argv[2]);
	if (IS("stat", argc > 2))
		return do_stat(argv + 2);
	fputs("usage: hold init | run DIR COLS ROWS -- ARGV... | attach DIR [TOKEN] | leave DIR [TOKEN] | stream DIR -- ARGV...\n"
	      "       hold wait DIR | signal DIR NAME | log DIR | list BASE | forget DIR | stat PATH...\n", stderr);
	return 2;
}

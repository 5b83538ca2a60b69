/*
 * hold: keeps a sandbox's sessions. One static program that runs in any image; it is also pid 1 of every workload.
 *
 *   hold init                          pid 1: reaps, starts what the daemon asks for; SIGTERM or SIGINT ends everything within 3 s
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
#include "hold-session.h"
#include "hold-queries.h"
#include "hold-keeper.h"
#include "hold-viewer.h"
#include "hold-starts.h"
#include "hold-init.h"

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
		{ "PIPE", SIGPIPE }, { "USR1", SIGUSR1 }, { "USR2", SIGUSR2 }, { "CONT", SIGCONT }, { "STOP", SIGSTOP },
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
	signal(SIGTERM, SIG_IGN);
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

/* hold: those who look at a terminal session. A part of hold.c. */

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
	signal(SIGTERM, SIG_IGN);	/* the container ends: the session's end comes first */
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

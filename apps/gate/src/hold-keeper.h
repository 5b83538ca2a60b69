/* hold: the process that keeps a terminal session: one loop over the program, its viewers and its end. A part of hold.c. */

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
	long nudge_at, idle_until, end_at, hang_up_at, kill_at;
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

static void on_signals(void)
{
	struct signalfd_siginfo info;
	int status;
	while (read(hold.signals, &info, sizeof info) > 0)
		if (info.ssi_signo == SIGTERM && !hold.kill_at) {
			hold.hang_up_at = now_ms() + HANG_UP_MS;
			hold.kill_at = now_ms() + KILL_MS;
		}
	if (!hold.ended && waitpid(hold.child, &status, WNOHANG) == hold.child) {
		hold.ended = 1;
		hold.code = code_of(status);
		hold.end_at = now_ms() + LINGER_MS;
		hold.idle_until = 0;
	}
}

/* The whole container is asked to end: so was the program; see that it does, and that its end is written down. */
static void end_program(void)
{
	long now = now_ms();
	if (hold.ended || !hold.kill_at)
		return;
	if (hold.hang_up_at && now >= hold.hang_up_at) {
		hold.hang_up_at = 0;
		kill(-hold.child, SIGHUP);
	}
	if (now >= hold.kill_at)
		kill(-hold.child, SIGKILL);
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
	if (full || leaving || hold.nudge_at || hold.kill_at || hold.ended || now < hold.idle_until)
		timeout = 20;
	if (poll(at, 3 + VIEWERS, timeout) < 0)
		return;
	if (at[0].revents & POLLIN)
		on_signals();
	end_program();
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
	sigset_t heard;
	int status, null = open("/dev/null", O_RDWR | O_CLOEXEC);
	setsid();
	sigemptyset(&heard);
	sigaddset(&heard, SIGCHLD);
	sigaddset(&heard, SIGTERM);
	sigprocmask(SIG_BLOCK, &heard, NULL);
	hold.child = fork();
	if (hold.child == 0) {
		setsid();
		ioctl(slave, TIOCSCTTY, 0);
		for (int fd = 0; fd < 3; fd++)
			dup2(slave, fd);
		become(argv, report);
	}
	close(slave);
	int ignored[] = { SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTSTP };
	for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
		signal(ignored[i], SIG_IGN);
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	put_number(hold.dir, "pid", hold.child);
	hold.signals = signalfd(-1, &heard, SFD_NONBLOCK | SFD_CLOEXEC);
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

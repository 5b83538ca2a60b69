/*
 * hold: the programs that pid 1 starts for the daemon, which is faster than to have the engine join the container. A part of
 * hold.c. The protocol is written down in packages/contracts/src/hold.ts.
 *
 * The daemon makes the pipes and keeps its own ends, so that nothing that runs in here shares one with it. Pid 1 has the
 * other end of each output as well: a daemon that goes away breaks no pipe, and what nobody reads any more is thrown away here.
 */
#define STARTS 256	/* programs at once */
#define START_BYTES (64 * 1024)
#define START_HEAD 16
#define ANSWER_BYTES 16
#define PASSED 3	/* stdin, stdout, stderr */
#define PASSED_ROOM ((CMSG_SPACE(sizeof(int) * PASSED) - CMSG_LEN(0)) / sizeof(int))	/* the room for them is padded: one more may come */
#define DRAINED_AT_ONCE 16

enum { OP_START = 1, OP_LEAVE = 2, OP_HELLO = 3 };
enum { STARTED = 1, NOT_STARTED = 2, EXITED = 3 };
enum { WITH_STDIN = 1 };

/* pid 0: nothing here. outputs: our own end of each, -1 when not needed. left: bits of those that we have to read. */
struct start { pid_t pid; uint32_t id; int outputs[2]; int left, ended, forgotten, code; };

static struct start starts[STARTS];
static int control = -1, no_input = -1;

/* Once, before any other program runs in this network: whoever comes later is not let in by the gate. */
static void find_daemon(void)
{
	static const char name[] = "sbx-init";
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	prctl(PR_SET_DUMPABLE, 0);
	no_input = open("/dev/null", O_RDONLY | O_CLOEXEC);
	control = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	memcpy(at.sun_path + 1, name, sizeof name - 1);
	if (control < 0 || no_input < 0 || connect(control, (struct sockaddr *)&at, offsetof(struct sockaddr_un, sun_path) + sizeof name) < 0) {
		close(control);
		control = -1;
	}
}

static void close_outputs(struct start *s)
{
	for (int i = 0; i < 2; i++) {
		close(s->outputs[i]);
		s->outputs[i] = -1;
	}
}

static uint32_t number_at(const u8 *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Whether an answer is sure to find room: a request that could not be answered is not read yet. */
static int can_answer(void)
{
	struct pollfd room = { control, POLLOUT, 0 };
	return control >= 0 && poll(&room, 1, 0) == 1 && room.revents & POLLOUT;
}

/* False when there is no room for it now. */
static int answer(u8 kind, uint32_t id, int value)
{
	u8 bytes[ANSWER_BYTES] = { 'S', 'B', 'X', 'H', 1, kind };
	uint32_t numbers[2] = { htonl(id), htonl((uint32_t)value) };
	memcpy(bytes + 8, numbers, sizeof numbers);
	return send(control, bytes, sizeof bytes, MSG_DONTWAIT | MSG_NOSIGNAL) == ANSWER_BYTES;
}

/* Our own end of a pipe, with a state of its own. */
static int other_end(int fd)
{
	char path[32];
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

static void __attribute__((noreturn)) start_child(char **strings, int argc, const int *streams)
{
	setsid();
	for (int i = 0; i < PASSED; i++)
		dup2(streams[i], i);
	for (char **variable = strings + 1 + argc + 1; *variable; variable++)
		putenv(*variable);
	if (chdir(strings[0]) < 0)
		_exit(complain(126, "cannot enter", strings[0]));
	become(strings + 1, no_input);
}

/* The directory, the arguments, NULL, the variables, NULL; NULL instead of all when the bytes are not exactly that. */
static char **strings_in(char *bytes, size_t size, int argc, int envc)
{
	char **strings = argc < 1 || size == 0 || bytes[size - 1] != 0 ? NULL : calloc((size_t)argc + (size_t)envc + 3, sizeof *strings);
	char *p = bytes, *end = bytes + size;
	int at = 0;
	if (!strings)
		return NULL;
	for (int i = 0; i < 1 + argc + envc; i++) {
		if (p == end)
			break;
		strings[at++] = p;
		at += i == argc;
		p += strlen(p) + 1;
	}
	if (p == end && at == argc + envc + 2)
		return strings;
	free(strings);
	return NULL;
}

static int start_program(u8 *bytes, size_t size, int *passed, int count)
{
	int argc = bytes[12] << 8 | bytes[13], envc = bytes[14] << 8 | bytes[15], with_stdin = bytes[7] & WITH_STDIN, slot = 0;
	int streams[PASSED] = { with_stdin ? passed[0] : no_input, passed[with_stdin], passed[with_stdin + 1] };
	if (count != 2 + with_stdin)
		return EINVAL;
	char **strings = strings_in((char *)bytes + START_HEAD, size - START_HEAD, argc, envc);
	if (!strings)
		return EINVAL;
	while (slot < STARTS && starts[slot].pid != 0)
		slot++;
	struct start s = { .id = number_at(bytes + 8), .outputs = { other_end(streams[1]), other_end(streams[2]) } };
	int error = slot == STARTS ? EAGAIN : s.outputs[0] < 0 || s.outputs[1] < 0 ? errno : 0;
	if (!error) {
		s.pid = fork();
		if (s.pid == 0)
			start_child(strings, argc, streams);
		error = s.pid < 0 ? errno : 0;
	}
	free(strings);
	if (error)
		close_outputs(&s);
	else
		starts[slot] = s; /* whole, so that nothing of an earlier one is left */
	return error;
}

/* Whoever asked for them is gone. */
static void forget_all(void)
{
	for (struct start *s = starts; s < starts + STARTS; s++) {
		s->left = 3;
		s->forgotten = 1;
	}
}

static void take_message(u8 *bytes, size_t size, int *passed, int count)
{
	uint32_t id = number_at(bytes + 8);
	if (bytes[5] == OP_START) {
		int error = start_program(bytes, size, passed, count);
		answer(error ? NOT_STARTED : STARTED, id, error);
	}
	if (bytes[5] == OP_HELLO)
		forget_all();
	for (struct start *s = starts; bytes[5] == OP_LEAVE && s < starts + STARTS; s++)
		if (s->pid != 0 && s->id == id)
			s->left |= bytes[7];
}

/* One message; false when there is none now. */
static int read_message(void)
{
	static u8 bytes[START_BYTES];
	union { struct cmsghdr align; char room[CMSG_SPACE(sizeof(int) * PASSED)]; } room;
	struct iovec vector = { bytes, sizeof bytes };
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &room, .msg_controllen = sizeof room };
	int passed[PASSED_ROOM] = { -1, -1, -1 }, count = 0;
	ssize_t size = recvmsg(control, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (size <= 0) {
		close(control);
		control = -1;
		forget_all();
		return 0;
	}
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
		count = (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(passed, CMSG_DATA(header), (size_t)count * sizeof(int));
	}
	if (size >= START_HEAD && memcmp(bytes, "SBXH\1", 5) == 0) {
		/* Whoever has our user may bound how many descriptors we have: the daemon is not to wait for an answer then. */
		int whole = !(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC));
		take_message(bytes, whole ? (size_t)size : START_HEAD, passed, whole ? count : 0);
	}
	explicit_bzero(bytes, (size_t)size); /* variables of a program may be secrets of it */
	for (int i = 0; i < count; i++)
		close(passed[i]);
	return 1;
}

static void drain(struct start *s, int i)
{
	static u8 nothing[START_BYTES];
	ssize_t n = 1;
	for (int turn = 0; turn < DRAINED_AT_ONCE && n > 0; turn++)
		n = read(s->outputs[i], nothing, sizeof nothing);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		close(s->outputs[i]);
		s->outputs[i] = -1;
	}
}

static void note_end(pid_t pid, int code)
{
	for (struct start *s = starts; s < starts + STARTS; s++) {
		if (s->pid != pid || s->ended)
			continue;
		s->ended = 1;
		s->code = code;
		close_outputs(s);
	}
}

/* Tell of those that have ended; false when the daemon has no room for more now. */
static int tell_ends(void)
{
	for (struct start *s = starts; s < starts + STARTS; s++) {
		if (!s->ended)
			continue;
		if (control >= 0 && !s->forgotten && !answer(EXITED, s->id, s->code) && errno == EAGAIN)
			return 0;
		*s = (struct start){ 0 };
	}
	return 1;
}

/* What to wait for beside `signals`; the number of entries, and in `owners` whose output each is. */
static nfds_t wait_for(struct pollfd *polled, int signals, int owners[][2], int has_room)
{
	nfds_t count = 0;
	polled[count++] = (struct pollfd){ signals, POLLIN, 0 };
	polled[count++] = (struct pollfd){ control, has_room ? POLLIN : POLLOUT, 0 };
	for (int slot = 0; slot < STARTS; slot++) {
		for (int i = 0; i < 2; i++) {
			if (starts[slot].pid == 0 || starts[slot].outputs[i] < 0 || !(starts[slot].left & 1 << i))
				continue;
			owners[count][0] = slot;
			owners[count][1] = i;
			polled[count++] = (struct pollfd){ starts[slot].outputs[i], POLLIN, 0 };
		}
	}
	return count;
}

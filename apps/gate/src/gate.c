/*
 * gate: the only program of ours in a pod, pid 1 of the container that owns the pod's network namespace.
 *
 *   gate UID GID SOCKET
 *
 * 1. As root with NET_ADMIN: make every IPv4 address local and hand every TCP connection to one listener.
 * 2. Open three sockets: that listener, and DNS on 127.0.0.53 over UDP and TCP.
 * 3. Become UID:GID without any capability, for good.
 * 4. Pass the three to the daemon through the unix socket SOCKET, whenever a daemon is there, and then do what it asks:
 *    dial 127.0.0.1:PORT, or listen there, and pass the socket on.
 * 5. Let one connection in on an abstract socket, the first, which is that of the workload's pid 1, and pass it to every daemon.
 *
 * No byte of the pod's traffic comes through here, nothing that a workload sends is ever read here, and no workload can
 * make this loop wait: every descriptor is non-blocking. The protocol is written down in packages/contracts/src/gate.ts.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { VERSION = 1, DELIVERY_BYTES = 16, REQUEST_BYTES = 8, MAX_PENDING = 64 };
enum { HELLO = 1, DIALLED = 2, LISTENING = 3, FAILED = 4, INIT = 5 };
enum { OP_DIAL = 1, OP_LISTEN = 2 };
enum { TCP_PORT = 15001, DNS_PORT = 53, BACKLOG = 4096, HELLO_SOCKETS = 3 };
enum { DIAL_MS = 5000, DELIVER_MS = 5000, RETRY_MS = 20, BACK_OFF_MIN_MS = 10, BACK_OFF_MAX_MS = 1000, STEADY_MS = 1000 };

/* Addresses of names that no rule can allow: refused by the kernel at once, except on port 80 where a readable answer waits. */
#define REFUSED "-d 198.19.0.0/16 -p tcp ! --dport 80 -j RETURN\n"
/* --syn: the answers to a client that is not transparent must not match. */
static const char TPROXY_RULES[] =
    "*mangle\n-A PREROUTING -i lo " REFUSED
    "-A PREROUTING -i lo ! -d 127.0.0.0/8 -p tcp --syn -j TPROXY --on-port 15001 --on-ip 127.0.0.1\nCOMMIT\n";
static const char REDIRECT_RULES[] =
    "*nat\n-A OUTPUT " REFUSED "-A OUTPUT ! -d 127.0.0.0/8 -p tcp -j REDIRECT --to-ports 15001\nCOMMIT\n";
static const struct { uint16_t flags; const char *program, *rules; } INTERCEPTS[] = {
    {1, "/usr/sbin/iptables-nft-restore", TPROXY_RULES},
    {1, "/usr/sbin/iptables-legacy-restore", TPROXY_RULES},
    {0, "/usr/sbin/iptables-nft-restore", REDIRECT_RULES},
    {0, "/usr/sbin/iptables-legacy-restore", REDIRECT_RULES},
};

/* A request whose answer is still owed. kind 0: the connection is not made yet; else what to deliver. */
struct pending { uint32_t id; int fd; uint8_t kind; int error; int64_t until; };

static struct sockaddr_un daemon_address;
static int hello_sockets[HELLO_SOCKETS];
static int init_listener = -1, init_connection = -1, init_due;
static uint16_t intercept;
static struct pending pending[MAX_PENDING];
static int pending_count;

static _Noreturn void die(const char *what) {
    dprintf(2, "gate: %s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
    _exit(1);
}

static void end(int signal) {
    (void)signal;
    _exit(0);
}

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- 1. the namespace ---- */

/* Run a program with an environment of ours and `input` on its standard input; 0 if it succeeded. */
static int run(char *const argv[], const char *input) {
    int in[2], status;
    if (pipe2(in, O_CLOEXEC) != 0) die("pipe");
    pid_t child = fork();
    if (child < 0) die("fork");
    if (child == 0) {
        char *const environment[] = {"XTABLES_LOCKFILE=/dev/null", NULL}; /* the root is read-only, and nobody else is here */
        dup2(in[0], 0);
        execve(argv[0], argv, environment);
        _exit(127);
    }
    close(in[0]);
    ssize_t written = write(in[1], input, strlen(input)); /* at most some hundred bytes: never waits */
    close(in[1]);
    if (waitpid(child, &status, 0) != child) die("waitpid");
    return written < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

static void capture_every_address(void) {
    char *const route[] = {"/usr/sbin/ip", "route", "add", "local", "default", "dev", "lo", NULL};
    if (run(route, "") != 0) die("the route could not be set");
    /* Of RFC 5737, nobody's: without an address beside 127.0.0.1 resolvers that are asked for "IPv4 if there is any" find none. */
    char *const address[] = {"/usr/sbin/ip", "address", "add", "192.0.2.1/32", "dev", "lo", NULL};
    if (run(address, "") != 0) die("the address could not be set");
    for (size_t i = 0; i < sizeof INTERCEPTS / sizeof INTERCEPTS[0]; i++) {
        char *const rules[] = {(char *)INTERCEPTS[i].program, NULL};
        if (run(rules, INTERCEPTS[i].rules) != 0) continue;
        intercept = INTERCEPTS[i].flags;
        return;
    }
    die("no kind of interception works on this kernel");
}

/* ---- 2. the sockets ---- */

/* Bound to host:port, listening if it is TCP; -1 with errno. Without options of reuse nobody else can bind there too. */
static int open_socket(int type, const char *host, uint16_t port, int option_level, int option) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int on = 1, fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    inet_pton(AF_INET, host, &address.sin_addr);
    if (fd >= 0 && (option == 0 || setsockopt(fd, option_level, option, &on, sizeof on) == 0)
        && bind(fd, (struct sockaddr *)&address, sizeof address) == 0
        && (type != SOCK_STREAM || listen(fd, BACKLOG) == 0)) return fd;
    int saved = errno;
    if (fd >= 0) close(fd);
    errno = saved;
    return -1;
}

static void open_hello_sockets(void) {
    hello_sockets[0] = open_socket(SOCK_STREAM, "127.0.0.1", TCP_PORT, SOL_IP, IP_TRANSPARENT);
    hello_sockets[1] = open_socket(SOCK_DGRAM, "127.0.0.53", DNS_PORT, 0, 0);
    hello_sockets[2] = open_socket(SOCK_STREAM, "127.0.0.53", DNS_PORT, 0, 0);
    for (int i = 0; i < HELLO_SOCKETS; i++) if (hello_sockets[i] < 0) die("a listener");
}

static void open_init_listener(void) {
    static const char name[] = "sbx-init";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path + 1, name, sizeof name - 1);
    init_listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (init_listener < 0 || bind(init_listener, (struct sockaddr *)&address, offsetof(struct sockaddr_un, sun_path) + sizeof name) != 0
        || listen(init_listener, 1) != 0) die("the listener for pid 1");
}

/* ---- 3. no way back ---- */

static void drop_privileges(uid_t uid, gid_t gid) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {0};
    if (uid == 0 || gid == 0) die("it must not stay root");
    for (int cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
        if (prctl(PR_CAPBSET_DROP, cap) != 0) die("bounding set");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) die("no_new_privs");
    if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0) die("user");
    if (syscall(SYS_capset, &header, none) != 0) die("capset");
    if (setresuid(0, 0, 0) == 0) die("it is still root");
    if (prctl(PR_SET_DUMPABLE, 0) != 0) die("dumpable");
}

/* ---- 4. the daemon ---- */

static int connect_daemon(void) {
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    if (connect(fd, (struct sockaddr *)&daemon_address, sizeof daemon_address) == 0) return fd;
    close(fd);
    return -1;
}

/* One message of 16 bytes with its descriptors; false if it could not go out whole. */
static int send_delivery(int connection, uint8_t kind, uint16_t flags, uint32_t id, int error, const int *fds, int count) {
    uint8_t bytes[DELIVERY_BYTES] = {'S', 'B', 'X', 'G', VERSION, kind};
    uint16_t flags_be = htons(flags);
    uint32_t id_be = htonl(id), error_be = htonl((uint32_t)error);
    memcpy(bytes + 6, &flags_be, 2);
    memcpy(bytes + 8, &id_be, 4);
    memcpy(bytes + 12, &error_be, 4);
    union { struct cmsghdr align; char room[CMSG_SPACE(sizeof(int) * HELLO_SOCKETS)]; } control = {0};
    struct iovec vector = {bytes, sizeof bytes};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    if (count > 0) {
        message.msg_control = control.room;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)count);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)count);
        memcpy(CMSG_DATA(header), fds, sizeof(int) * (size_t)count);
    }
    return sendmsg(connection, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == DELIVERY_BYTES;
}

/* Connected and introduced, or -1. */
static int say_hello(void) {
    int off = 0, fd = connect_daemon();
    if (fd < 0) return -1;
    /* Whatever a daemon did to the shared socket, nobody else may bind beside it. */
    setsockopt(hello_sockets[1], SOL_SOCKET, SO_REUSEADDR, &off, sizeof off);
    if (send_delivery(fd, HELLO, intercept, 0, 0, hello_sockets, HELLO_SOCKETS)) return fd;
    close(fd);
    return -1;
}

/* Answer one request on a connection of its own; false if the daemon has no room for it now. */
static int answer(const struct pending *p) {
    int fd = connect_daemon();
    if (fd < 0) return 0;
    int sent = send_delivery(fd, p->kind, 0, p->id, p->error, &p->fd, p->kind == FAILED ? 0 : 1);
    close(fd);
    return sent;
}

/* The first that comes, and nobody after it. */
static void let_init_in(void) {
    init_connection = accept4(init_listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (init_connection < 0) return;
    close(init_listener);
    init_listener = -1;
    init_due = 1;
}

/* Whether the daemon has it. */
static int pass_init_on(void) {
    int fd = connect_daemon();
    if (fd < 0) return 0;
    int sent = send_delivery(fd, INIT, 0, 0, 0, &init_connection, 1);
    close(fd);
    return sent;
}

/* The daemon is gone: nobody reads what it had pid 1 start. See packages/contracts/src/hold.ts; one that comes says so itself. */
static void tell_init(void) {
    static const uint8_t hello[16] = {'S', 'B', 'X', 'H', 1, 3};
    if (init_connection >= 0) send(init_connection, hello, sizeof hello, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void settle(struct pending *p, uint8_t kind, int error) {
    if (kind == FAILED && p->fd >= 0) {
        close(p->fd);
        p->fd = -1;
    }
    p->kind = kind;
    p->error = error;
    p->until = now_ms() + DELIVER_MS;
}

static void take_request(const uint8_t *bytes) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct pending p = {.fd = -1};
    memcpy(&to.sin_port, bytes + 2, 2);
    memcpy(&p.id, bytes + 4, 4);
    p.id = ntohl(p.id);
    p.until = now_ms() + DIAL_MS;
    if (pending_count == MAX_PENDING) {
        settle(&p, FAILED, EAGAIN);
        answer(&p);
        return;
    }
    if (bytes[0] == OP_LISTEN) {
        /* Without SO_REUSEADDR connections of an earlier listener, long closed, would keep the port for a minute. */
        p.fd = open_socket(SOCK_STREAM, "127.0.0.1", ntohs(to.sin_port), SOL_SOCKET, SO_REUSEADDR);
        settle(&p, p.fd < 0 ? FAILED : LISTENING, p.fd < 0 ? errno : 0);
    } else if (bytes[0] == OP_DIAL) {
        p.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (p.fd < 0 || (connect(p.fd, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS)) settle(&p, FAILED, errno);
    } else {
        settle(&p, FAILED, EINVAL);
    }
    pending[pending_count++] = p;
}

/* Move every pending request on; `polled` is what poll said of each. */
static void advance(const struct pollfd *polled, int count) {
    int64_t now = now_ms();
    int kept = 0;
    for (int i = 0; i < pending_count; i++) {
        struct pending p = pending[i];
        if (p.kind == 0 && i < count && polled[i].revents != 0) {
            int error = 0;
            socklen_t size = sizeof error;
            getsockopt(p.fd, SOL_SOCKET, SO_ERROR, &error, &size);
            settle(&p, error == 0 ? DIALLED : FAILED, error);
        }
        if (p.kind == 0 && now >= p.until) settle(&p, FAILED, ETIMEDOUT);
        if (p.kind == 0 || (!answer(&p) && now < p.until)) pending[kept++] = p;
        else if (p.fd >= 0) close(p.fd); /* the daemon has its own now, or did not want it */
    }
    pending_count = kept;
}

static void forget_pending(void) {
    for (int i = 0; i < pending_count; i++) if (pending[i].fd >= 0) close(pending[i].fd);
    pending_count = 0;
}

/* Read requests; false when the daemon has gone. */
static int read_requests(int control, uint8_t *buffer, size_t *have) {
    ssize_t got = recv(control, buffer + *have, REQUEST_BYTES - *have, MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return 0;
    if (got > 0) *have += (size_t)got;
    if (*have == REQUEST_BYTES) {
        take_request(buffer);
        *have = 0;
    }
    return 1;
}

static _Noreturn void serve(void) {
    int control = -1, back_off = BACK_OFF_MIN_MS;
    int64_t since = 0, next_try = 0;
    uint8_t buffer[REQUEST_BYTES];
    size_t have = 0;
    for (;;) {
        int64_t now = now_ms();
        if (control < 0 && now >= next_try) {
            control = say_hello();
            since = now;
            have = 0;
            init_due = control >= 0 && init_connection >= 0;
            if (control < 0) {
                next_try = now + back_off;
                back_off = back_off * 2 > BACK_OFF_MAX_MS ? BACK_OFF_MAX_MS : back_off * 2;
            }
        }
        if (init_due && control >= 0) init_due = !pass_init_on();
        struct pollfd polled[MAX_PENDING + 2];
        int count = pending_count, wait = control < 0 ? (int)(next_try - now) : -1;
        for (int i = 0; i < count; i++) {
            int64_t left = pending[i].kind == 0 ? pending[i].until - now : RETRY_MS;
            polled[i] = (struct pollfd){.fd = pending[i].kind == 0 ? pending[i].fd : -1, .events = POLLOUT};
            if (wait < 0 || left < wait) wait = left < 0 ? 0 : (int)left;
        }
        if (init_due && control >= 0 && (wait < 0 || wait > RETRY_MS)) wait = RETRY_MS;
        polled[count] = (struct pollfd){.fd = control, .events = POLLIN};
        polled[count + 1] = (struct pollfd){.fd = init_listener, .events = POLLIN};
        if (poll(polled, (nfds_t)count + 2, wait) < 0 && errno != EINTR) die("poll");
        if (polled[count + 1].revents != 0) let_init_in();
        if (polled[count].revents != 0 && !read_requests(control, buffer, &have)) {
            close(control);
            control = -1;
            forget_pending();
            tell_init();
            /* A daemon that turns us away at once is not asked again at once. */
            if (now_ms() - since >= STEADY_MS) back_off = BACK_OFF_MIN_MS;
            else back_off = back_off * 2 > BACK_OFF_MAX_MS ? BACK_OFF_MAX_MS : back_off * 2;
            next_try = now_ms() + back_off;
            count = 0;
        }
        advance(polled, count);
    }
}

static unsigned long number(const char *text) {
    char *rest;
    unsigned long value = strtoul(text, &rest, 10);
    if (*text == 0 || *rest != 0 || value == 0 || value > 0x7fffffff) die("a uid or gid is no number above 0");
    return value;
}

int main(int argc, char **argv) {
    if (argc != 4) die("usage: gate UID GID SOCKET");
    uid_t uid = (uid_t)number(argv[1]);
    gid_t gid = (gid_t)number(argv[2]);
    daemon_address.sun_family = AF_UNIX;
    if (strlen(argv[3]) >= sizeof daemon_address.sun_path) die("the path of the socket is too long");
    strcpy(daemon_address.sun_path, argv[3]);
    signal(SIGTERM, end); /* pid 1 has no default actions */
    signal(SIGINT, end);
    signal(SIGPIPE, SIG_IGN);
    capture_every_address();
    open_hello_sockets();
    open_init_listener();
    drop_privileges(uid, gid);
    serve();
}

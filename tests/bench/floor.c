/*
 * The least that a supervisor can do: launch, reap, launch again, and copy output to files that are rotated. No control
 * socket, no checks, no mercy: what cannot be done ends it. It is the limit to measure against.
 *
 *   floor FILE      one program a line, words parted by spaces: RESTART(0|1) LOG(path|-) MAXBYTES BACKUPS COMMAND ARGUMENTS…
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_PROGRAMS = 10000, MAX_WORDS = 16, MAX_PIDS = 1 << 22, REAP_BATCH = 64, SIGNALS = MAX_PROGRAMS };

struct program {
	int restart, backups, pipe[2], file;
	char *log, *words[MAX_WORDS + 1];
	long max_bytes, size;
	pid_t pid;
};

static struct program programs[MAX_PROGRAMS];
static struct program *owner[MAX_PIDS];
static int count, poll_fd, signal_fd;
static sigset_t no_signals;
static char buffer[1 << 16];

static void read_programs(const char *path)
{
	FILE *file = fopen(path, "r");
	if (!file)
		err(1, "%s", path);
	char *line = NULL;
	size_t capacity = 0;
	while (count < MAX_PROGRAMS && getline(&line, &capacity, file) > 0) {
		struct program *p = &programs[count++];
		char *rest = strdup(line);
		p->restart = atoi(strtok(rest, " \n"));
		p->log = strtok(NULL, " \n");
		p->max_bytes = atol(strtok(NULL, " \n"));
		p->backups = atoi(strtok(NULL, " \n"));
		for (int word = 0; word < MAX_WORDS; word++)
			p->words[word] = strtok(NULL, " \n");
		if (!strcmp(p->log, "-"))
			p->log = NULL;
	}
	free(line);
	fclose(file);
}

static void launch(struct program *p)
{
	pid_t pid = vfork();
	if (pid < 0)
		err(1, "vfork");
	if (pid == 0) {
		sigprocmask(SIG_SETMASK, &no_signals, NULL);
		setsid();
		if (p->log)
			dup2(p->pipe[1], STDOUT_FILENO);
		execv(p->words[0], p->words);
		_exit(127);
	}
	p->pid = pid;
	owner[pid] = p;
}

/* A batch at a time, so that a storm of deaths leaves the pipes their turn; what is left is signalled again. */
static void reap(void)
{
	for (int n = 0; n < REAP_BATCH; n++) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);
		if (pid <= 0)
			return;
		struct program *p = owner[pid];
		owner[pid] = NULL;
		if (!p)
			continue;
		p->pid = 0;
		if (p->restart)
			launch(p);
	}
	raise(SIGCHLD);
}

static _Noreturn void stop(void)
{
	for (int n = 0; n < count; n++)
		if (programs[n].pid)
			kill(programs[n].pid, SIGTERM);
	while (wait(NULL) > 0)
		;
	exit(0);
}

static void take_signals(void)
{
	struct signalfd_siginfo taken;
	while (read(signal_fd, &taken, sizeof taken) == sizeof taken)
		if (taken.ssi_signo == SIGTERM)
			stop();
	reap();
}

static void open_log(struct program *p)
{
	p->file = open(p->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (p->file < 0)
		err(1, "%s", p->log);
	p->size = 0;
}

static void rotate(struct program *p)
{
	char from[4096], to[4096];
	close(p->file);
	for (int n = p->backups; n > 0; n--) {
		snprintf(from, sizeof from, n > 1 ? "%s.%d" : "%s", p->log, n - 1);
		snprintf(to, sizeof to, "%s.%d", p->log, n);
		rename(from, to);
	}
	open_log(p);
}

static void copy_output(struct program *p)
{
	ssize_t length = read(p->pipe[0], buffer, sizeof buffer);
	if (length <= 0)
		return;
	if (write(p->file, buffer, (size_t)length) != length)
		err(1, "%s", p->log);
	p->size += length;
	if (p->max_bytes && p->size >= p->max_bytes)
		rotate(p);
}

static void watch(int fd, int number)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = (unsigned)number };
	if (epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		err(1, "epoll_ctl");
}

static void take_output(struct program *p)
{
	if (pipe2(p->pipe, O_CLOEXEC) < 0)
		err(1, "pipe2");
	fcntl(p->pipe[0], F_SETFL, O_NONBLOCK);
	open_log(p);
	watch(p->pipe[0], (int)(p - programs));
}

int main(int argc, char **argv)
{
	if (argc != 2)
		errx(2, "usage: floor FILE");
	read_programs(argv[1]);
	sigset_t taken;
	sigemptyset(&taken);
	sigaddset(&taken, SIGCHLD);
	sigaddset(&taken, SIGTERM);
	sigprocmask(SIG_BLOCK, &taken, NULL);
	sigemptyset(&no_signals);
	poll_fd = epoll_create1(EPOLL_CLOEXEC);
	signal_fd = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
	watch(signal_fd, SIGNALS);
	for (int n = 0; n < count; n++) {
		if (programs[n].log)
			take_output(&programs[n]);
		launch(&programs[n]);
	}
	for (;;) {
		struct epoll_event ready[64];
		int n = epoll_wait(poll_fd, ready, 64, -1);
		for (int i = 0; i < n; i++)
			if (ready[i].data.u32 == SIGNALS)
				take_signals();
			else
				copy_output(&programs[ready[i].data.u32]);
	}
}

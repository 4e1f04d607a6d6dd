/*
 * The program under supervision: static, without a C library, so that what is measured is the supervisor and not the
 * start of the child. Its first act is to stamp the clock and write that to a fifo; every latency ends at that stamp.
 *
 *   probe sleep STAMPS ID              one stamp, then sleep for ever
 *   probe crash STAMPS ID              one stamp, then exit with status 1
 *   probe write STAMPS ID GO BLOCKS    one stamp; wait until somebody opens the fifo GO for writing; write BLOCKS blocks of
 *                                      256 KiB to standard output, 4 KiB at a time; one stamp before and one after
 *
 * A block is 4096 lines of 64 bytes; each begins with its own number in 16 hexadecimal digits.
 */
#if defined(__x86_64__)
enum { WRITE = 1, CLOSE = 3, GETPID = 39, CLOCK_GETTIME = 228, EXIT_GROUP = 231, OPENAT = 257, PPOLL = 271 };
#elif defined(__aarch64__)
enum { OPENAT = 56, CLOSE = 57, WRITE = 64, PPOLL = 73, EXIT_GROUP = 94, CLOCK_GETTIME = 113, GETPID = 172 };
#else
#error "no system call numbers for this machine"
#endif
enum { AT_FDCWD = -100, O_RDONLY = 0, O_WRONLY = 1, O_CLOEXEC = 02000000, CLOCK_MONOTONIC = 1, EINTR = 4 };
enum { LINE = 64, LINES = 4096, CHUNK = 4096 };
enum kind { STARTED = 1, BEGUN = 2, ENDED = 3, FAILED = 4 };

typedef unsigned int u32;
typedef unsigned long u64;

struct stamp {
	u32 kind, id, pid, error;
	u64 nanoseconds;
};

static long call(long number, long a, long b, long c, long d)
{
#if defined(__x86_64__)
	long result;
	register long r10 __asm__("r10") = d;
	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
	return result;
#else
	register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c, x3 __asm__("x3") = d;
	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
	return x0;
#endif
}

static _Noreturn void leave(int status)
{
	for (;;)
		call(EXIT_GROUP, status, 0, 0, 0);
}

static _Noreturn void sleep_for_ever(void)
{
	for (;;)
		call(PPOLL, 0, 0, 0, 0);
}

static u64 monotonic(void)
{
	u64 time[2];
	call(CLOCK_GETTIME, CLOCK_MONOTONIC, (long)time, 0, 0);
	return time[0] * 1000000000UL + time[1];
}

static u64 number(const char *text)
{
	u64 value = 0;
	while (*text >= '0' && *text <= '9')
		value = value * 10 + (u64)(*text++ - '0');
	return value;
}

static void stamp(const char *stamps, enum kind kind, u32 id, u64 nanoseconds, u32 error)
{
	struct stamp record = { kind, id, (u32)call(GETPID, 0, 0, 0, 0), error, nanoseconds };
	long fd = call(OPENAT, AT_FDCWD, (long)stamps, O_WRONLY | O_CLOEXEC, 0);
	call(WRITE, fd, (long)&record, sizeof record, 0);
	call(CLOSE, fd, 0, 0, 0);
}

static char block[LINES * LINE];

static void hexadecimal(char *at, int digits, u64 value)
{
	for (; digits--; value >>= 4)
		at[digits] = "0123456789abcdef"[value & 15];
}

static void fill_block(void)
{
	for (int line = 0; line < LINES; line++) {
		char *at = block + line * LINE;
		hexadecimal(at, 16, (u64)line);
		at[16] = ' ';
		for (int column = 17; column < LINE - 1; column++)
			at[column] = (char)('a' + column % 26);
		at[LINE - 1] = '\n';
	}
}

/* The low three digits count the lines of a block and stay; the thirteen above them count the blocks. */
static void number_block(u64 n)
{
	char digits[13];
	hexadecimal(digits, 13, n);
	for (int line = 0; line < LINES; line++)
		__builtin_memcpy(block + line * LINE, digits, sizeof digits);
}

static long write_all(const char *from, long length)
{
	while (length > 0) {
		long written = call(WRITE, 1, (long)from, length < CHUNK ? length : CHUNK, 0);
		if (written < 0 && written != -EINTR)
			return -written;
		if (written > 0) {
			from += written;
			length -= written;
		}
	}
	return 0;
}

static void write_blocks(const char *stamps, u32 id, const char *go, u64 blocks)
{
	fill_block();
	call(CLOSE, call(OPENAT, AT_FDCWD, (long)go, O_RDONLY | O_CLOEXEC, 0), 0, 0, 0);
	stamp(stamps, BEGUN, id, monotonic(), 0);
	for (u64 n = 0; n < blocks; n++) {
		number_block(n);
		long error = write_all(block, sizeof block);
		if (error) {
			stamp(stamps, FAILED, id, monotonic(), (u32)error);
			return;
		}
	}
	stamp(stamps, ENDED, id, monotonic(), 0);
}

__attribute__((used)) _Noreturn void enter(long *stack)
{
	u64 first_act = monotonic();
	long count = stack[0];
	char **words = (char **)(stack + 1);
	if (count < 4)
		leave(2);
	const char *stamps = words[2];
	u32 id = (u32)number(words[3]);
	stamp(stamps, STARTED, id, first_act, 0);
	if (words[1][0] == 'c')
		leave(1);
	if (words[1][0] == 'w' && count == 6)
		write_blocks(stamps, id, words[4], number(words[5]));
	sleep_for_ever();
}

#if defined(__x86_64__)
__asm__(".globl _start\n_start: xor %ebp, %ebp\n mov %rsp, %rdi\n and $-16, %rsp\n call enter\n");
#else
__asm__(".globl _start\n_start: mov x29, #0\n mov x0, sp\n bl enter\n");
#endif

/*
 * pelton.h is the kit for writing Pelton plugins in C, for WebAssembly, without a C library.
 *
 *	#include "pelton.h"
 *
 *	static pelton_verdict handle(const pelton_message *m, pelton_out out)
 *	{
 *		int64_t minutes;
 *		if (!pelton_int(pelton_field(m, "delay"), &minutes))
 *			return pelton_dead("delay is not a number of minutes");
 *		if (minutes > 15)
 *			pelton_emit(out, "late", m->key, m->payload);
 *		return pelton_ack();
 *	}
 *
 *	PELTON_PLUGIN { .handle = handle, .outputs = {{"late"}} };
 *
 * Ownership. A message, and all that is reached through it, is borrowed until the handler returns. What is emitted is
 * copied at once. Memory of pelton_scratch, and of the functions that say so, lasts until the handler returns (in a
 * reducer: until all folds of the call are done); that of pelton_keep lasts for ever. Nothing is ever freed by hand.
 *
 * Ordering. Messages of one key come in order: a message is not given to the handler while the one before it of the
 * same key is not acked or dead.
 *
 * Failure. pelton_panic, and any trap, ends this instance of the plugin: nothing of the message counts, the instance
 * is replaced, and the message is offered again up to the configured number of attempts. Emits take effect only with
 * pelton_ack. State in variables is lost when the instance is replaced, unless .save and .load hand it over to the next version
 * of the code; what must last belongs into kv or a session.
 *
 * README.md beside this file has the build command and the whole interface by subject.
 */
#ifndef PELTON_H
#define PELTON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef __wasm32__
#error "a Pelton plugin is compiled with clang --target=wasm32"
#endif

/* ---- bytes ---- */

/* Bytes that somebody else owns. data is NULL for "none", as the key of a message without one. */
typedef struct {
	const char *data;
	uint32_t size;
} pelton_bytes;

/* No bytes: the key of an emit without one. */
#define PELTON_NONE ((pelton_bytes){NULL, 0})

/* The parts of the C library that a compiler may call by itself. Plugins may use them too. */
__attribute__((weak)) void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
#ifdef __wasm_bulk_memory__
	return __builtin_memcpy(to, from, n); /* one instruction, memory.copy */
#else
	for (size_t i = 0; i < n; i++)
		((volatile char *)to)[i] = ((const char *)from)[i];
	return to;
#endif
}

__attribute__((weak)) void *memmove(void *to, const void *from, size_t n)
{
#ifdef __wasm_bulk_memory__
	return __builtin_memmove(to, from, n);
#else
	volatile char *t = to;
	const char *f = from;
	if ((uintptr_t)t < (uintptr_t)f)
		for (size_t i = 0; i < n; i++)
			t[i] = f[i];
	else
		for (size_t i = n; i > 0; i--)
			t[i - 1] = f[i - 1];
	return to;
#endif
}

__attribute__((weak)) void *memset(void *to, int value, size_t n)
{
#ifdef __wasm_bulk_memory__
	return __builtin_memset(to, value, n);
#else
	for (size_t i = 0; i < n; i++)
		((volatile char *)to)[i] = (char)value;
	return to;
#endif
}

__attribute__((weak)) int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *p = a, *q = b;
	for (size_t i = 0; i < n; i++)
		if (p[i] != q[i])
			return p[i] - q[i];
	return 0;
}

__attribute__((weak)) size_t strlen(const char *s)
{
	size_t n = 0;
	while (s[n])
		n++;
	return n;
}

/* The bytes of a C string, without its end. */
static inline pelton_bytes pelton_text(const char *s)
{
	return (pelton_bytes){s, s ? (uint32_t)strlen(s) : 0};
}

/* Whether a and b hold the same bytes. */
static inline bool pelton_equal(pelton_bytes a, pelton_bytes b)
{
	return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

/* Whether b is the text s. */
static inline bool pelton_is(pelton_bytes b, const char *s)
{
	return pelton_equal(b, pelton_text(s));
}

/* ---- a plugin's decision ---- */

/* The one decision on one message. The zero verdict decides nothing and is an error. */
typedef struct {
	uint32_t decision;
	uint32_t pass;
	int64_t nanos;
	pelton_bytes reason;
} pelton_verdict;

#define PELTON_MILLISECOND INT64_C(1000000)
#define PELTON_SECOND (1000 * PELTON_MILLISECOND)

/* Accepts the message: its emits take effect. */
static inline pelton_verdict pelton_ack(void) { return (pelton_verdict){.decision = 1}; }

/* Asks for another attempt, not before `after` nanoseconds; 0 leaves the delay to the configured policy. It never
 * overrides the configured number of attempts. `.reason` is kept for the record of the message's last failure. */
static inline pelton_verdict pelton_retry(int64_t after) { return (pelton_verdict){.decision = 2, .nanos = after}; }

/* Asks for the message again at a time, at least 100 ms ahead: nanoseconds since 1970 (see pelton_now). It spends no
 * attempt. Later messages of the key wait for it, unless `.pass` is set to 1. */
static inline pelton_verdict pelton_defer(int64_t until) { return (pelton_verdict){.decision = 3, .nanos = until}; }

/* Gives the message up: it is kept as a dead letter with the reason, to be looked at and replayed. */
static inline pelton_verdict pelton_dead_because(pelton_bytes reason)
{
	return (pelton_verdict){.decision = 4, .reason = reason};
}

/* pelton_dead_because with a C string. */
static inline pelton_verdict pelton_dead(const char *reason) { return pelton_dead_because(pelton_text(reason)); }

/* Keeps the message open until it is settled by its token (see pelton_hold_token) or the lease, in nanoseconds, ends,
 * which offers it again. */
static inline pelton_verdict pelton_hold(int64_t lease) { return (pelton_verdict){.decision = 5, .nanos = lease}; }

/* ---- the imports of the ABI, version 1: docs/abi.md ---- */

#define PELTON_IMPORT(name) __attribute__((import_module("pelton"), import_name(#name))) extern

PELTON_IMPORT(declare) int32_t pelton_import_declare(const char *name, uint32_t size, const char *type, uint32_t type_size);
PELTON_IMPORT(output) int32_t pelton_import_output(const char *name, uint32_t size);
PELTON_IMPORT(field) int32_t pelton_import_field(const char *name, uint32_t size);
PELTON_IMPORT(locate) int32_t pelton_import_locate(int32_t delivery, int32_t field, void *into);
PELTON_IMPORT(emit) int32_t pelton_import_emit(int32_t delivery, int32_t output, const char *key, uint32_t key_size,
	const char *payload, uint32_t payload_size, const char *type, uint32_t type_size);
PELTON_IMPORT(settle) int32_t pelton_import_settle(int32_t delivery, const char *token, uint32_t token_size,
	uint32_t decision, uint32_t flags, int64_t nanos, const char *reason, uint32_t reason_size);
PELTON_IMPORT(text) int32_t pelton_import_text(int32_t delivery, int32_t what, char *into, uint32_t size);
PELTON_IMPORT(header) int32_t pelton_import_header(int32_t delivery, const char *name, uint32_t name_size, char *into, uint32_t size);
PELTON_IMPORT(log) void pelton_import_log(int32_t level, const char *line, uint32_t size);
PELTON_IMPORT(fail) void pelton_import_fail(const char *words, uint32_t size);
PELTON_IMPORT(now) int64_t pelton_import_now(void);
PELTON_IMPORT(random) int64_t pelton_import_random(void);

/* Those of capabilities. A module imports what its code calls and no more, so these are there where they are used. */
PELTON_IMPORT(kv_get) int32_t pelton_import_kv_get(int32_t delivery, const char *key, uint32_t key_size, char *into, uint32_t size);
PELTON_IMPORT(kv_put) int32_t pelton_import_kv_put(int32_t delivery, const char *key, uint32_t key_size, const char *value, uint32_t value_size);
PELTON_IMPORT(kv_delete) int32_t pelton_import_kv_delete(int32_t delivery, const char *key, uint32_t key_size);
PELTON_IMPORT(kv_next) int32_t pelton_import_kv_next(int32_t delivery, const char *prefix, uint32_t prefix_size,
	const char *after, uint32_t after_size, char *into, uint32_t size);
PELTON_IMPORT(http_request) int32_t pelton_import_http_request(int32_t delivery, const char *method, uint32_t method_size,
	const char *url, uint32_t url_size, const char *headers, uint32_t headers_size, const char *body, uint32_t body_size);
PELTON_IMPORT(http_status) int32_t pelton_import_http_status(int32_t delivery);
PELTON_IMPORT(http_text) int32_t pelton_import_http_text(int32_t delivery, int32_t what, char *into, uint32_t size);

__attribute__((import_module("wasi_snapshot_preview1"), import_name("fd_write")))
extern int32_t pelton_import_write(int32_t fd, const void *pieces, uint32_t n, uint32_t *written);

#undef PELTON_IMPORT

/* ---- log, time, panic ---- */

/* How important a line of the log is. */
typedef enum { PELTON_DEBUG, PELTON_INFO, PELTON_WARN, PELTON_ERROR } pelton_level;

/* Writes a line to the plugin's log. The wheel bounds the length of a line and the lines a second. */
static inline void pelton_log(pelton_level level, pelton_bytes line) { pelton_import_log((int32_t)level, line.data, line.size); }

/* The time, in nanoseconds since 1970. */
static inline int64_t pelton_now(void) { return pelton_import_now(); }

/* 64 random bits, not for secrets. */
static inline uint64_t pelton_random(void) { return (uint64_t)pelton_import_random(); }

/* Ends this instance with words, which appear as the fault's reason. */
__attribute__((noreturn)) static inline void pelton_panic(const char *words)
{
	pelton_bytes pieces[3] = {pelton_text("panic: "), pelton_text(words), pelton_text("\n")};
	uint32_t written;
	pelton_import_write(2, pieces, 3, &written);
	__builtin_trap();
}

/* ---- memory ---- */

extern unsigned char __heap_base;

/* A list of chunks that are used again after a reset. */
struct pelton_chunk {
	struct pelton_chunk *next;
	uint32_t size;
};

struct pelton_arena {
	struct pelton_chunk *first, *current;
	uint32_t used;
};

/* What the kit itself remembers; one for the whole program, however many files include this header. */
struct pelton_state {
	uintptr_t top, end; /* of the memory that is not given away */
	char *window;
	uint32_t window_size;
	struct pelton_arena scratch, answers;
	struct pelton_names {
		uint32_t count;
		struct { pelton_bytes name; int32_t index; } list[256];
	} outputs, fields;
};

__attribute__((weak)) struct pelton_state pelton_state;

/* Memory that lasts as long as the instance; not zeroed. It panics when limits.memory is reached. */
static inline void *pelton_keep(uint32_t size)
{
	struct pelton_state *s = &pelton_state;
	const uint32_t page = 65536;
	if (!s->top) {
		s->top = ((uintptr_t)&__heap_base + 15) & ~(uintptr_t)15;
		s->end = (uintptr_t)__builtin_wasm_memory_size(0) * page;
	}
	uint64_t want = ((uint64_t)size + 15) & ~UINT64_C(15);
	if (want > s->end - s->top) {
		/* Somebody else may have grown the memory meanwhile; then this begins behind their part. */
		uintptr_t now = (uintptr_t)__builtin_wasm_memory_size(0) * page;
		uint64_t have = now == s->end ? s->end - s->top : 0;
		size_t pages = (size_t)((want - have + page - 1) / page);
		if (__builtin_wasm_memory_grow(0, pages) == (size_t)-1)
			pelton_panic("out of memory");
		if (now != s->end)
			s->top = now;
		s->end = now + pages * page;
	}
	void *p = (void *)s->top;
	s->top += (uintptr_t)want;
	return p;
}

static inline void *pelton_arena_take(struct pelton_arena *a, uint32_t size)
{
	const uint32_t least = 32768;
	if (size > UINT32_MAX - 64)
		pelton_panic("out of memory");
	size = (size + 7) & ~7u;
	if (a->current && size <= a->current->size - a->used) {
		void *p = (char *)(a->current + 1) + a->used;
		a->used += size;
		return p;
	}
	struct pelton_chunk **link = a->current ? &a->current->next : &a->first;
	while (*link && (*link)->size < size)
		link = &(*link)->next;
	if (!*link) {
		uint32_t room = size > least ? size : least;
		struct pelton_chunk *c = pelton_keep(room + (uint32_t)sizeof *c);
		c->next = NULL;
		c->size = room;
		*link = c;
	}
	a->current = *link;
	a->used = size;
	return a->current + 1;
}

static inline void pelton_arena_reset(struct pelton_arena *a)
{
	a->current = NULL;
	a->used = 0;
}

/* Memory that lasts until the handler returns; not zeroed. */
static inline void *pelton_scratch(uint32_t size) { return pelton_arena_take(&pelton_state.scratch, size); }

/* ---- building text ---- */

/* Bytes that grow, in scratch memory. Begin with {0}. */
typedef struct {
	char *data;
	uint32_t size, room;
} pelton_buffer;

/* Room for n more bytes behind what is there; count them in by adding to size. */
static inline char *pelton_room(pelton_buffer *b, uint32_t n)
{
	if (n > b->room - b->size) {
		uint64_t room = (uint64_t)b->room * 2;
		if (room < (uint64_t)b->size + n)
			room = (uint64_t)b->size + n;
		if (room < 128)
			room = 128;
		if (room > UINT32_MAX)
			pelton_panic("out of memory");
		char *data = pelton_scratch((uint32_t)room);
		if (b->size)
			memcpy(data, b->data, b->size);
		b->data = data;
		b->room = (uint32_t)room;
	}
	return b->data + b->size;
}

/* Appends bytes. */
static inline void pelton_put(pelton_buffer *b, pelton_bytes more)
{
	memcpy(pelton_room(b, more.size), more.data, more.size);
	b->size += more.size;
}

/* Appends a C string. */
static inline void pelton_puts(pelton_buffer *b, const char *s) { pelton_put(b, pelton_text(s)); }

/* Appends a number in decimal. */
static inline void pelton_put_int(pelton_buffer *b, int64_t n)
{
	char digits[20];
	int at = 20;
	uint64_t rest = n < 0 ? -(uint64_t)n : (uint64_t)n;
	do {
		digits[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest);
	if (n < 0)
		pelton_puts(b, "-");
	pelton_put(b, (pelton_bytes){digits + at, (uint32_t)(20 - at)});
}

/* Appends a number with this many decimals (at most 9), rounded half up. |x| is less than 9e9. */
static inline void pelton_put_fixed(pelton_buffer *b, double x, int decimals)
{
	int64_t unit = 1;
	for (int i = 0; i < decimals && i < 9; i++)
		unit *= 10;
	if (x < 0)
		pelton_puts(b, "-");
	uint64_t whole = (uint64_t)((x < 0 ? -x : x) * (double)unit + 0.5);
	pelton_put_int(b, (int64_t)(whole / (uint64_t)unit));
	if (unit == 1)
		return;
	pelton_puts(b, ".");
	for (uint64_t rest = whole % (uint64_t)unit; unit > 1; rest %= (uint64_t)unit) {
		unit /= 10;
		*pelton_room(b, 1) = (char)('0' + rest / (uint64_t)unit);
		b->size++;
	}
}

/* Appends text as a JSON string, with quotes. The text is UTF-8. */
static inline void pelton_put_json(pelton_buffer *b, pelton_bytes text)
{
	static const char hex[] = "0123456789abcdef";
	char *p = pelton_room(b, 6 * text.size + 2), *begin = p;
	*p++ = '"';
	for (uint32_t i = 0; i < text.size; i++) {
		unsigned char c = (unsigned char)text.data[i];
		if (c == '"' || c == '\\') {
			*p++ = '\\';
			*p++ = (char)c;
		} else if (c < 0x20) {
			memcpy(p, "\\u00", 4);
			p[4] = hex[c >> 4];
			p[5] = hex[c & 15];
			p += 6;
		} else {
			*p++ = (char)c;
		}
	}
	*p++ = '"';
	b->size += (uint32_t)(p - begin);
}

/* What was built so far. */
static inline pelton_bytes pelton_built(const pelton_buffer *b) { return (pelton_bytes){b->data ? b->data : "", b->size}; }

/* ---- fields ---- */

/* What a located field holds. */
typedef enum {
	PELTON_MISSING, /* the message does not have it */
	PELTON_STRING,  /* the text between the quotes, without escapes */
	PELTON_ESCAPED, /* the text between the quotes of a JSON string that has escapes */
	PELTON_NUMBER,
	PELTON_BOOL,
	PELTON_NULL,
	PELTON_JSON,   /* an object or array, as it stands */
	PELTON_QUOTED, /* the text between the quotes of a CSV field in which quotes are doubled */
} pelton_kind;

/* One field that the wheel located while decoding; borrowed. */
typedef struct {
	pelton_kind kind;
	pelton_bytes raw;
} pelton_value;

/* The value as a whole number; false if it is none, or does not fit. */
static inline bool pelton_int(pelton_value v, int64_t *into)
{
	uint32_t i = 0;
	bool minus = v.raw.size > 0 && v.raw.data[0] == '-';
	uint64_t n = 0, most = (UINT64_C(1) << 63) - !minus;
	for (i = minus; i < v.raw.size; i++) {
		uint32_t d = (uint32_t)v.raw.data[i] - '0';
		if (d > 9 || n > (most - d) / 10)
			return false;
		n = n * 10 + d;
	}
	if (i == minus)
		return false;
	*into = (int64_t)(minus ? -n : n);
	return true;
}

/* The value as a number; false if it is none. It is the nearest double for up to 15 digits and exponents up to 22,
 * and a few units in the last place off at most beyond that. */
static inline bool pelton_float(pelton_value v, double *into)
{
	const char *p = v.raw.data, *end = p + v.raw.size;
	bool minus = p < end && *p == '-', digits = false, fraction = false;
	uint64_t n = 0;
	int scale = 0;
	for (p += minus; p < end; p++) {
		if (*p == '.' && !fraction) {
			fraction = true;
			continue;
		}
		uint32_t d = (uint32_t)*p - '0';
		if (d > 9)
			break;
		digits = true;
		if (n < UINT64_C(1000000000000000000)) {
			n = n * 10 + d;
			scale -= fraction;
		} else {
			scale += !fraction;
		}
	}
	if (digits && p < end && (*p == 'e' || *p == 'E')) {
		int64_t e;
		p++;
		if (p < end && *p == '+')
			p++;
		if (!pelton_int((pelton_value){PELTON_NUMBER, {p, (uint32_t)(end - p)}}, &e))
			return false;
		scale += e > 999 ? 999 : e < -999 ? -999 : (int)e;
		p = end;
	}
	if (!digits || p < end)
		return false;
	double x = (double)n, power = 10, by = 1;
	for (unsigned e = (unsigned)(scale < 0 ? -scale : scale); e; e >>= 1, power *= power)
		if (e & 1)
			by *= power;
	if (n)
		x = scale < 0 ? x / by : x * by;
	*into = minus ? -x : x;
	return true;
}

static inline uint32_t pelton_hex4(const char *p)
{
	uint32_t n = 0;
	for (int i = 0; i < 4; i++) {
		uint32_t c = (uint32_t)p[i];
		n = n << 4 | (c <= '9' ? c - '0' : ((c | 32) - 'a' + 10) & 15);
	}
	return n;
}

static inline char *pelton_utf8(char *to, uint32_t c)
{
	if (c < 0x80) {
		*to++ = (char)c;
	} else if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
		*to++ = (char)(0x80 | (c & 63));
	} else {
		if (c < 0x10000) {
			*to++ = (char)(0xe0 | c >> 12);
		} else {
			*to++ = (char)(0xf0 | c >> 18);
			*to++ = (char)(0x80 | (c >> 12 & 63));
		}
		*to++ = (char)(0x80 | (c >> 6 & 63));
		*to++ = (char)(0x80 | (c & 63));
	}
	return to;
}

/* Writes the text of a JSON string's inside, which is never longer than it, and returns the end. */
static inline char *pelton_unescape(char *to, pelton_bytes raw)
{
	static const char from[] = "nrtbf", plain[] = "\n\r\t\b\f";
	for (uint32_t i = 0; i < raw.size; i++) {
		char c = raw.data[i];
		if (c != '\\' || i + 1 == raw.size) {
			*to++ = c;
			continue;
		}
		c = raw.data[++i];
		if (c == 'u' && i + 4 < raw.size) {
			uint32_t code = pelton_hex4(raw.data + i + 1);
			i += 4;
			if (code >= 0xd800 && code < 0xdc00 && i + 6 < raw.size && raw.data[i + 1] == '\\' && raw.data[i + 2] == 'u') {
				uint32_t low = pelton_hex4(raw.data + i + 3);
				if (low >= 0xdc00 && low < 0xe000) {
					code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
					i += 6;
				}
			}
			to = pelton_utf8(to, code >= 0xd800 && code < 0xe000 ? 0xfffd : code);
			continue;
		}
		for (int k = 0; from[k]; k++)
			if (c == from[k])
				c = plain[k];
		*to++ = c;
	}
	return to;
}

/* The value as text, unescaped; borrowed, or in scratch memory if something had to be unescaped. */
static inline pelton_bytes pelton_string(pelton_value v)
{
	if (v.kind != PELTON_ESCAPED && v.kind != PELTON_QUOTED)
		return v.raw;
	char *to = pelton_scratch(v.raw.size), *end = to;
	if (v.kind == PELTON_ESCAPED) {
		end = pelton_unescape(to, v.raw);
	} else {
		for (uint32_t i = 0; i < v.raw.size; i++) {
			*end++ = v.raw.data[i];
			if (v.raw.data[i] == '"')
				i++;
		}
	}
	return (pelton_bytes){to, (uint32_t)(end - to)};
}

/* ---- messages ---- */

struct pelton_location {
	uint32_t offset, size, kind;
};

/* A time that is not known. */
#define PELTON_NO_TIME INT64_MIN

/* One message offered to the plugin; borrowed until the handler returns. Times are nanoseconds since 1970, UTC. */
typedef struct {
	pelton_bytes payload;
	pelton_bytes key;   /* PELTON_NONE when it has none */
	uint32_t attempt;   /* 1 for the first offer of this message to this plugin */
	uint32_t defers;    /* how often this plugin deferred it */
	int64_t time;       /* the message's own; its arrival when it has none */
	int64_t first_seen; /* when this plugin was first offered it */
	uint64_t position;  /* its place in its lane, strictly increasing */
	/* For the kit: */
	int32_t index;
	uint32_t located;
	const struct pelton_location *locations;
	bool answered;
} pelton_message;

static inline int32_t pelton_index(struct pelton_names *names, pelton_bytes name, int32_t (*ask)(const char *, uint32_t))
{
	for (uint32_t i = 0; i < names->count; i++)
		if (pelton_equal(names->list[i].name, name))
			return names->list[i].index;
	int32_t index = ask(name.data, name.size);
	if (index >= 0 && names->count < 256) {
		char *own = pelton_keep(name.size);
		memcpy(own, name.data, name.size);
		names->list[names->count].name = (pelton_bytes){own, name.size};
		names->list[names->count++].index = index;
	}
	return index;
}

/* The value that the source's decode located under this name (`decode.fields` in the config), without parsing again.
 * Its kind is PELTON_MISSING when the name is not configured there or the message does not have it. */
static inline pelton_value pelton_field(const pelton_message *m, const char *name)
{
	const pelton_value missing = {PELTON_MISSING, {"", 0}};
	int32_t i = pelton_index(&pelton_state.fields, pelton_text(name), pelton_import_field);
	if (i < 0)
		return missing;
	struct pelton_location at = {0, 0, 0};
	if ((uint32_t)i < m->located)
		at = m->locations[i];
	else
		pelton_import_locate(m->index, i, &at);
	if (at.kind == PELTON_MISSING || (uint64_t)at.offset + at.size > m->payload.size)
		return missing;
	return (pelton_value){(pelton_kind)at.kind, {m->payload.data + at.offset, at.size}};
}

static inline pelton_bytes pelton_ask_text(const pelton_message *m, int32_t what)
{
	uint32_t room = 256;
	for (;;) {
		char *into = pelton_scratch(room);
		int32_t n = pelton_import_text(m->index, what, into, room);
		if (n < 0)
			return (pelton_bytes){"", 0};
		if ((uint32_t)n <= room)
			return (pelton_bytes){into, (uint32_t)n};
		room = (uint32_t)n;
	}
}

/* What settles this message later, after pelton_hold: through the API, or by pelton_settle in the handler of a later
 * message. In scratch memory, as the next four. */
static inline pelton_bytes pelton_hold_token(const pelton_message *m) { return pelton_ask_text(m, 1); }

/* Identifies the message for good: the same after a crash, a redelivery or a swap. */
static inline pelton_bytes pelton_id(const pelton_message *m) { return pelton_ask_text(m, 2); }

/* The message's W3C traceparent; empty when it has none. */
static inline pelton_bytes pelton_trace(const pelton_message *m) { return pelton_ask_text(m, 3); }

/* The name of the source it came from. */
static inline pelton_bytes pelton_source(const pelton_message *m) { return pelton_ask_text(m, 4); }

/* The name of the lane within the source. */
static inline pelton_bytes pelton_lane(const pelton_message *m) { return pelton_ask_text(m, 5); }

/* The first upstream header of that name, in scratch memory; false if there is none. */
static inline bool pelton_header(const pelton_message *m, const char *name, pelton_bytes *into)
{
	uint32_t room = 256, size = (uint32_t)strlen(name);
	for (;;) {
		char *to = pelton_scratch(room);
		int32_t n = pelton_import_header(m->index, name, size, to, room);
		if (n < 0)
			return false;
		*into = (pelton_bytes){to, (uint32_t)n};
		if ((uint32_t)n <= room)
			return true;
		room = (uint32_t)n;
	}
}

/* ---- emits ---- */

/* Takes what a handler puts out while it handles one message. */
typedef struct {
	int32_t delivery;
} pelton_out;

/* Puts out one payload on a declared output, with a content type other than the output's. */
static inline void pelton_emit_as(pelton_out out, const char *output, const char *type, pelton_bytes key, pelton_bytes payload)
{
	int32_t index = pelton_index(&pelton_state.outputs, pelton_text(output), pelton_import_output);
	pelton_import_emit(out.delivery, index, key.data, key.data ? key.size : UINT32_MAX, payload.data, payload.size,
		type, (uint32_t)strlen(type));
}

/* Puts out one payload on a declared output. The bytes are copied, so both buffers may be used again. It takes effect
 * only if the message is acked. PELTON_NONE as key means none. An output that was not declared, or more bytes than
 * limits.output, makes the message fail. */
static inline void pelton_emit(pelton_out out, const char *output, pelton_bytes key, pelton_bytes payload)
{
	pelton_emit_as(out, output, "", key, payload);
}

/* Decides a message that was held earlier, by its token. It takes effect only if the message being handled is acked. A
 * token that is expired or superseded is refused and counted by the wheel. What is emitted to the result is an emit of
 * the held message. */
static inline pelton_out pelton_settle(pelton_out out, pelton_bytes token, pelton_verdict v)
{
	return (pelton_out){pelton_import_settle(out.delivery, token.data, token.size, v.decision, v.pass, v.nanos,
		v.reason.data, v.reason.size)};
}

/* ---- capabilities ---- */

/* kv is the plugin's durable state: keys and values that its instances share, and that survive restarts and swaps. The
 * config grants it by `capabilities: {kv: {}}`; a plugin that uses it and was not granted it does not start.
 *
 * A read sees what this message changed, and what every message changed that was acked before by this instance. Changes
 * take effect with pelton_ack, all of a message's or none, and once, however often the message is offered. Two instances
 * may change one key at the same time, and one change is lost then; messages of one key are always handled by the same
 * instance, so use the message's key in the state's, or one instance. */

/* The first bytes of what scratch gave last; the rest may be given again, so that a long walk over keys takes no more
 * than they do. */
static inline pelton_bytes pelton_trim(char *last, uint32_t size)
{
	struct pelton_arena *a = &pelton_state.scratch;
	a->used = (uint32_t)(last - (char *)(a->current + 1)) + ((size + 7) & ~7u);
	return (pelton_bytes){last, size};
}

/* The value of a key, in scratch memory; false if there is none. */
static inline bool pelton_kv_get(pelton_out out, pelton_bytes key, pelton_bytes *value)
{
	uint32_t room = 256;
	for (;;) {
		char *to = pelton_scratch(room);
		int32_t n = pelton_import_kv_get(out.delivery, key.data, key.size, to, room);
		if (n < 0)
			return false;
		if ((uint32_t)n <= room) {
			*value = pelton_trim(to, (uint32_t)n);
			return true;
		}
		room = (uint32_t)n;
	}
}

/* Sets a key. Both are copied, and count to limits.output. Over that, over capabilities.kv.max_bytes or with a key that
 * is empty or too long the message fails. */
static inline void pelton_kv_put(pelton_out out, pelton_bytes key, pelton_bytes value)
{
	pelton_import_kv_put(out.delivery, key.data, key.size, value.data, value.size);
}

/* Removes a key, which need not be there. */
static inline void pelton_kv_delete(pelton_out out, pelton_bytes key)
{
	pelton_import_kv_delete(out.delivery, key.data, key.size);
}

/* Moves *key, in scratch memory, to the first key above it that begins with prefix, in the order of their bytes; false
 * if there is none. PELTON_NONE is before the first. Keys may be put and removed on the way:
 *
 *	pelton_bytes key = PELTON_NONE;
 *	while (pelton_kv_next(out, pelton_text("seen/"), &key))
 *		pelton_kv_delete(out, key);
 */
static inline bool pelton_kv_next(pelton_out out, pelton_bytes prefix, pelton_bytes *key)
{
	uint32_t room = 256;
	for (;;) {
		char *to = pelton_scratch(room);
		int32_t n = pelton_import_kv_next(out.delivery, prefix.data, prefix.size, key->data, key->size, to, room);
		if (n < 0)
			return false;
		if ((uint32_t)n <= room) {
			*key = pelton_trim(to, (uint32_t)n);
			return true;
		}
		room = (uint32_t)n;
	}
}

/* What a plugin asks of the world by HTTP. The config grants it by `capabilities: {http: {allow: [HOST:PORT]}}`; a plugin
 * that uses it and was not granted it does not start. */
typedef struct {
	pelton_bytes method;  /* empty means GET */
	pelton_bytes url;     /* absolute; its host and port must be allowed */
	pelton_bytes headers; /* a line "NAME: VALUE" for each, "\n" between them */
	pelton_bytes body;
} pelton_request;

/* Makes a request, which is copied, and gives the verdict to return. The instance does not wait: the message is offered
 * again when the response is there, which pelton_answer gives then, and spends no attempt. Emits of the message so far
 * are discarded.
 *
 * The response is lost with a restart or a swap, and the handler sees the message without one again: it starts over, so a
 * request may be made more than once. A handler may fetch again after a response, up to `max_requests` times. */
static inline pelton_verdict pelton_fetch(pelton_out out, pelton_request r)
{
	pelton_import_http_request(out.delivery, r.method.data, r.method.size, r.url.data, r.url.size,
		r.headers.data, r.headers.size, r.body.data, r.body.size);
	return (pelton_verdict){.decision = 6};
}

/* The answer to a request, in scratch memory. A request that failed has an error, and a status only if that was read.
 * The error is empty when body is all of the answer, or one of:
 *
 *	refused      the config does not allow it, or where it was redirected to
 *	invalid      it is no request that can be made
 *	timeout      no whole answer in time
 *	unreachable  nobody answered, or not to the end
 *	too_large    the answer is larger than the config allows
 *
 * It may help to try again after a timeout, or where nobody answered; return pelton_retry for that. */
typedef struct {
	int32_t status;
	pelton_bytes headers; /* a line "NAME: VALUE" for each, "\n" behind it; see pelton_response_header */
	pelton_bytes body;
	pelton_bytes error;
	pelton_bytes reason;  /* of the error, for people */
} pelton_response;

static inline pelton_bytes pelton_response_part(const pelton_message *m, int32_t what)
{
	uint32_t room = 256;
	for (;;) {
		char *into = pelton_scratch(room);
		int32_t n = pelton_import_http_text(m->index, what, into, room);
		if (n < 0)
			return (pelton_bytes){"", 0};
		if ((uint32_t)n <= room)
			return pelton_trim(into, (uint32_t)n);
		room = (uint32_t)n;
	}
}

/* The answer to the request that this message made with pelton_fetch; false while there is none. */
static inline bool pelton_answer(const pelton_message *m, pelton_response *into)
{
	if (!m->answered)
		return false;
	*into = (pelton_response){
		.status = pelton_import_http_status(m->index), .body = pelton_response_part(m, 1),
		.error = pelton_response_part(m, 2), .headers = pelton_response_part(m, 4),
	};
	if (into->error.size)
		into->reason = pelton_response_part(m, 3);
	return true;
}

static inline char pelton_lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c | 32) : c; }

/* The first header of that name, in whatever case; false if there is none. It lasts as long as the response. */
static inline bool pelton_response_header(const pelton_response *r, const char *name, pelton_bytes *value)
{
	const char *at = r->headers.data, *end = at + r->headers.size;
	while (at < end) {
		const char *line = at, *n = name;
		while (at < end && *at != '\n')
			at++;
		const char *p = line;
		while (p < at && *n && pelton_lower(*p) == pelton_lower(*n))
			p++, n++;
		if (!*n && at - p >= 2 && p[0] == ':') {
			*value = (pelton_bytes){p + 2, (uint32_t)(at - p - 2)};
			return true;
		}
		at++;
	}
	return false;
}

/* ---- the plugin ---- */

/* An output; without a content type its emits are application/json. */
typedef struct {
	const char *name, *type;
} pelton_output;

/* A key of the plugin's config and the variable it goes to, whose value now is the default. */
typedef struct {
	const char *name;
	int type;
	void *into;
} pelton_setting;

/* The setting of an int64_t, a double, a bool or pelton_bytes (text). */
#define PELTON_SETTING(name, into) \
	{ name, _Generic((into), int64_t *: 1, double *: 2, bool *: 3, pelton_bytes *: 4), (into) }

/* Decides one message; see the top of this file for what is borrowed. */
typedef pelton_verdict pelton_handler(const pelton_message *m, pelton_out out);

/* Folds an emit into the state of the session key and gives the new state: the payload of the next snapshot. state is
 * empty for a new session. The result may be in scratch memory, or be one of the arguments. A result of false refuses
 * this emit with the words in *next; the state stays as it was. */
typedef bool pelton_reducer(pelton_bytes key, pelton_bytes state, pelton_bytes emit, pelton_bytes *next);

/* What a plugin has in its variables, on its way to its next version. The version is of the form of the bytes, a number of
 * the plugin's own. What save gives may be in scratch memory; what load gets is borrowed. */
typedef struct {
	uint32_t version;
	pelton_bytes bytes;
} pelton_kept;

/* A program's one plugin: either .handle or .reduce. */
struct pelton_plugin {
	pelton_handler *handle;
	pelton_reducer *reduce;
	pelton_output outputs[64];   /* without any, a handler has the one output "default" */
	pelton_setting config[64];   /* a key of the config that is not among them is an error */
	const char *(*start)(void);  /* optional: after the config, before the first message; NULL, or why it refuses */
	/* Optional, both or none: how the variables go over to the next version, where the config has `state: {handover: true}`.
	 * save is called between two messages of the old version, which may go on after it; load after start and before the first
	 * message. NULL, or why it refuses: then the new version starts without the state or is rolled back, as the config says. */
	const char *(*save)(pelton_kept *into);
	const char *(*load)(pelton_kept state);
};

extern const struct pelton_plugin pelton_plugin;

/* Begins the definition of the plugin, once in a program: PELTON_PLUGIN { .handle = handle }; */
#define PELTON_PLUGIN const struct pelton_plugin pelton_plugin =

/* ---- the config ---- */

/* A reader of JSON that stops at the first mistake. */
struct pelton_json {
	const char *at, *end;
	bool bad;
};

static inline char pelton_json_peek(struct pelton_json *j)
{
	while (j->at < j->end && (*j->at == ' ' || *j->at == '\t' || *j->at == '\n' || *j->at == '\r'))
		j->at++;
	return j->at < j->end ? *j->at : 0;
}

static inline bool pelton_json_take(struct pelton_json *j, char c)
{
	if (pelton_json_peek(j) != c)
		return false;
	j->at++;
	return true;
}

/* The inside of a string. */
static inline pelton_bytes pelton_json_string(struct pelton_json *j)
{
	if (!pelton_json_take(j, '"')) {
		j->bad = true;
		return PELTON_NONE;
	}
	const char *begin = j->at;
	for (; j->at < j->end && *j->at != '"'; j->at++)
		if (*j->at == '\\')
			j->at++;
	pelton_bytes inside = {begin, (uint32_t)(j->at - begin)};
	if (j->at >= j->end)
		j->bad = true;
	j->at++;
	return inside;
}

/* Any value: of an object or array its text, of a string its inside. */
static inline pelton_value pelton_json_value(struct pelton_json *j)
{
	char c = pelton_json_peek(j);
	const char *begin = j->at;
	if (c == '"')
		return (pelton_value){PELTON_ESCAPED, pelton_json_string(j)};
	int depth = 0;
	while (j->at < j->end && !j->bad) {
		c = *j->at;
		if (c == '"') {
			pelton_json_string(j);
			continue;
		}
		if (depth == 0 && (c == ',' || c == '}' || c == ' ' || c == '\n' || c == '\r' || c == '\t'))
			break;
		depth += (c == '{' || c == '[') - (c == '}' || c == ']');
		j->at++;
	}
	pelton_value v = {PELTON_NUMBER, {begin, (uint32_t)(j->at - begin)}};
	if (v.raw.size == 0)
		j->bad = true;
	else if (*begin == '{' || *begin == '[')
		v.kind = PELTON_JSON;
	else if (pelton_is(v.raw, "true") || pelton_is(v.raw, "false"))
		v.kind = PELTON_BOOL;
	else if (pelton_is(v.raw, "null"))
		v.kind = PELTON_NULL;
	return v;
}

/* Stores a value; NULL, or what was wanted. */
static inline const char *pelton_set(const pelton_setting *s, pelton_value v)
{
	switch (s->type) {
	case 1:
		return v.kind == PELTON_NUMBER && pelton_int(v, s->into) ? NULL : "a whole number";
	case 2:
		return v.kind == PELTON_NUMBER && pelton_float(v, s->into) ? NULL : "a number";
	case 3:
		*(bool *)s->into = pelton_is(v.raw, "true");
		return v.kind == PELTON_BOOL ? NULL : "true or false";
	default:
		if (v.kind != PELTON_ESCAPED)
			return "a text";
		char *own = pelton_keep(v.raw.size);
		*(pelton_bytes *)s->into = (pelton_bytes){own, (uint32_t)(pelton_unescape(own, v.raw) - own)};
		return NULL;
	}
}

static inline bool pelton_config_fails(const char *before, pelton_bytes name, const char *after)
{
	pelton_buffer words = {0};
	pelton_puts(&words, before);
	pelton_put(&words, name);
	pelton_puts(&words, after);
	pelton_import_fail(words.data, words.size);
	return false;
}

static inline bool pelton_configure(pelton_bytes text)
{
	struct pelton_json j = {text.data, text.data + text.size, false};
	if (!pelton_json_take(&j, '{'))
		return pelton_config_fails("config: it is no JSON object", PELTON_NONE, "");
	while (!j.bad && !pelton_json_take(&j, '}')) {
		pelton_bytes name = pelton_json_string(&j);
		j.bad |= !pelton_json_take(&j, ':');
		pelton_value v = pelton_json_value(&j);
		if (j.bad)
			break;
		const pelton_setting *s = pelton_plugin.config;
		while (s->name && !pelton_is(name, s->name))
			if (++s == pelton_plugin.config + 64)
				break;
		if (s == pelton_plugin.config + 64 || !s->name)
			return pelton_config_fails("config: unknown key \"", name, "\"");
		const char *wanted = pelton_set(s, v);
		if (wanted) {
			pelton_buffer words = {0};
			pelton_puts(&words, "\" wants ");
			pelton_puts(&words, wanted);
			*pelton_room(&words, 1) = 0;
			return pelton_config_fails("config: \"", name, words.data);
		}
		if (pelton_json_peek(&j) != '}')
			j.bad |= !pelton_json_take(&j, ',');
	}
	return !j.bad || pelton_config_fails("config: it is no JSON object", PELTON_NONE, "");
}

/* ---- the exports of the ABI ---- */

#define PELTON_EXPORT(name) __attribute__((export_name(#name), weak))

extern void __wasm_call_ctors(void);

PELTON_EXPORT(_initialize) void pelton_export_initialize(void) { __wasm_call_ctors(); }

PELTON_EXPORT(pelton_abi) int32_t pelton_export_abi(void) { return 1; }

PELTON_EXPORT(pelton_window) char *pelton_export_window(uint32_t size)
{
	struct pelton_state *s = &pelton_state;
	if (s->window && (uintptr_t)s->window + s->window_size == s->top)
		s->top = (uintptr_t)s->window; /* nothing behind it yet: it grows in place */
	s->window = pelton_keep(size);
	s->window_size = size;
	return s->window;
}

PELTON_EXPORT(pelton_init) int32_t pelton_export_init(const char *config, uint32_t size)
{
	const struct pelton_plugin *p = &pelton_plugin;
	if (!p->handle == !p->reduce) {
		pelton_bytes words = pelton_text("PELTON_PLUGIN needs one of .handle and .reduce");
		pelton_import_fail(words.data, words.size);
		return -1;
	}
	const pelton_output usual = {"default", NULL}, *o = p->outputs;
	if (p->handle && !o->name)
		o = &usual;
	for (uint32_t i = 0; i < 64 && o[i].name; i++) {
		pelton_bytes name = pelton_text(o[i].name), type = pelton_text(o[i].type);
		int32_t index = pelton_import_declare(name.data, name.size, type.data, type.size);
		pelton_state.outputs.list[pelton_state.outputs.count].name = name;
		pelton_state.outputs.list[pelton_state.outputs.count++].index = index;
		if (o == &usual)
			break;
	}
	if (!pelton_configure((pelton_bytes){config, size}))
		return -1;
	pelton_bytes refusal = pelton_text(p->start ? p->start() : NULL);
	if (refusal.data) {
		pelton_import_fail(refusal.data, refusal.size);
		return -1;
	}
	return p->handle ? 1 : 2;
}

/* The descriptor of a delivery. */
struct pelton_delivery {
	uint32_t payload, payload_size, key, key_size, attempt, defers;
	int64_t time, first_seen;
	uint64_t position;
	int32_t after;
	uint32_t fields, located, flags;
	uint32_t decision, pass;
	int64_t nanos;
	const char *reason;
	uint32_t reason_size;
};

_Static_assert(sizeof(struct pelton_delivery) == 88, "the ABI's descriptor");

PELTON_EXPORT(pelton_handle) int32_t pelton_export_handle(char *refs, int32_t n)
{
	pelton_arena_reset(&pelton_state.answers);
	struct pelton_delivery *all = (struct pelton_delivery *)refs;
	for (int32_t i = 0; i < n; i++) {
		struct pelton_delivery *d = all + i;
		if (d->after >= 0) {
			uint32_t before = all[d->after].decision;
			if (before != 1 && before != 4)
				continue; /* key order: this one stays undecided */
		}
		pelton_arena_reset(&pelton_state.scratch);
		pelton_message m = {
			.payload = {refs + d->payload, d->payload_size},
			.key = d->key_size == UINT32_MAX ? PELTON_NONE : (pelton_bytes){refs + d->key, d->key_size},
			.attempt = d->attempt, .defers = d->defers, .time = d->time, .first_seen = d->first_seen,
			.position = d->position, .index = i, .located = d->located,
			.locations = (const struct pelton_location *)(refs + d->fields), .answered = d->flags & 1,
		};
		pelton_verdict v = pelton_plugin.handle(&m, (pelton_out){i});
		if (v.reason.size) { /* the host reads it after the call, when scratch memory has been used again */
			char *own = pelton_arena_take(&pelton_state.answers, v.reason.size);
			memcpy(own, v.reason.data, v.reason.size);
			d->reason = own;
			d->reason_size = v.reason.size;
		}
		d->nanos = v.nanos;
		d->pass = v.pass;
		d->decision = v.decision;
	}
	return 0;
}

/* The descriptor of a fold. */
struct pelton_fold {
	uint32_t key, key_size, state, state_size, emit, emit_size;
	uint32_t status;
	const char *next;
	uint32_t next_size;
	const char *type;
	uint32_t type_size, zero;
};

_Static_assert(sizeof(struct pelton_fold) == 48, "the ABI's descriptor");

PELTON_EXPORT(pelton_reduce) int32_t pelton_export_reduce(char *refs, int32_t n)
{
	pelton_arena_reset(&pelton_state.scratch);
	for (int32_t i = 0; i < n; i++) {
		struct pelton_fold *f = (struct pelton_fold *)refs + i;
		pelton_bytes next = {"", 0};
		bool done = pelton_plugin.reduce((pelton_bytes){refs + f->key, f->key_size},
			(pelton_bytes){refs + f->state, f->state_size}, (pelton_bytes){refs + f->emit, f->emit_size}, &next);
		f->next = next.data;
		f->next_size = next.size;
		f->status = done ? 1 : 2;
	}
	return 0;
}

_Static_assert(sizeof(pelton_kept) == 12, "the ABI's descriptor");

static inline int32_t pelton_kept_or(const char *refusal)
{
	pelton_bytes words = pelton_text(refusal);
	if (!words.data)
		return 0;
	pelton_import_fail(words.data, words.size);
	return -1;
}

PELTON_EXPORT(pelton_save) int32_t pelton_export_save(pelton_kept *into)
{
	if (!pelton_plugin.save)
		return 1;
	pelton_arena_reset(&pelton_state.scratch);
	return pelton_kept_or(pelton_plugin.save(into));
}

PELTON_EXPORT(pelton_load) int32_t pelton_export_load(uint32_t version, const char *state, uint32_t size)
{
	if (!pelton_plugin.load)
		return 1;
	pelton_arena_reset(&pelton_state.scratch);
	return pelton_kept_or(pelton_plugin.load((pelton_kept){version, {state, size}}));
}

#undef PELTON_EXPORT

#endif

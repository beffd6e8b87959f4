/* Plugin capable is the capable plugin of package actortest, as a C guest: its doc describes the commands. The tests of
 * this runtime add one: header. */
#include "pelton.h"

/* cut takes what is before the first c off b. */
static pelton_bytes cut(pelton_bytes *b, char c)
{
	uint32_t i = 0;
	while (i < b->size && b->data[i] != c)
		i++;
	pelton_bytes head = {b->data, i};
	i += i < b->size;
	*b = (pelton_bytes){b->data + i, b->size - i};
	return head;
}

static int64_t number(pelton_bytes b)
{
	int64_t n = 0;
	pelton_int((pelton_value){PELTON_NUMBER, b}, &n);
	return n;
}

static void say(pelton_out out, const pelton_buffer *b) { pelton_emit(out, "out", PELTON_NONE, pelton_built(b)); }

/* decide is the commands that give a verdict and use no capability. */
static bool decide(pelton_out out, pelton_bytes word, pelton_bytes rest, pelton_verdict *v)
{
	if (pelton_is(word, "ack"))
		*v = pelton_ack();
	else if (pelton_is(word, "retry"))
		*v = pelton_retry(number(cut(&rest, 's')) * PELTON_SECOND);
	else if (pelton_is(word, "dead"))
		*v = pelton_dead_because(rest);
	else if (pelton_is(word, "emit"))
		pelton_emit(out, "out", PELTON_NONE, pelton_text("a"));
	else if (pelton_is(word, "trap"))
		pelton_panic("the trap");
	else
		return false;
	return true;
}

static void keys(pelton_out out, pelton_bytes prefix)
{
	pelton_buffer b = {0};
	pelton_bytes key = PELTON_NONE;
	while (pelton_kv_next(out, prefix, &key)) {
		pelton_puts(&b, b.size ? "+" : "");
		pelton_put(&b, key);
	}
	say(out, &b);
}

static void fill(pelton_out out, int64_t n, uint32_t size)
{
	pelton_bytes value = {memset(pelton_scratch(size), 0, size), size};
	for (int64_t i = 0; i < n; i++) {
		pelton_buffer key = {0};
		pelton_put_int(&key, i);
		pelton_kv_put(out, pelton_built(&key), value);
	}
}

/* state is the commands that use kv. */
static bool state(pelton_out out, pelton_bytes word, pelton_bytes rest)
{
	pelton_bytes value = pelton_text("-"), all = rest, key = cut(&rest, ' ');
	if (pelton_is(word, "get")) {
		pelton_kv_get(out, all, &value);
		pelton_emit(out, "out", PELTON_NONE, value);
	} else if (pelton_is(word, "put")) {
		pelton_kv_put(out, key, rest);
	} else if (pelton_is(word, "del")) {
		pelton_kv_delete(out, all);
	} else if (pelton_is(word, "keys")) {
		keys(out, all);
	} else if (pelton_is(word, "fill")) {
		fill(out, number(key), (uint32_t)number(rest));
	} else {
		return false;
	}
	return true;
}

static void response(const pelton_message *m, pelton_out out)
{
	pelton_response r;
	pelton_buffer b = {0};
	if (!pelton_answer(m, &r)) {
		pelton_puts(&b, "-");
		say(out, &b);
		return;
	}
	pelton_put_int(&b, r.status);
	pelton_puts(&b, " ");
	pelton_put(&b, r.body);
	while (r.headers.size) {
		pelton_bytes line = cut(&r.headers, '\n'), name = cut(&line, ':');
		pelton_puts(&b, " ");
		pelton_put(&b, name);
		pelton_puts(&b, "=");
		pelton_put(&b, (pelton_bytes){line.data + 1, line.size - 1}); /* without the space behind the colon */
	}
	if (r.error.size) {
		pelton_puts(&b, " ");
		pelton_put(&b, r.error);
		pelton_puts(&b, " ");
		pelton_put(&b, r.reason);
	}
	say(out, &b);
}

/* request is the commands that use http. */
static bool request(const pelton_message *m, pelton_out out, pelton_bytes word, pelton_bytes rest, pelton_verdict *v)
{
	pelton_response r = {0};
	pelton_buffer b = {0};
	if (pelton_is(word, "fetch")) {
		pelton_bytes method = cut(&rest, ' '), url = cut(&rest, ' ');
		*v = pelton_fetch(out, (pelton_request){method, url, pelton_text("X-One: 1\nX-Two: a: b"), rest});
	} else if (pelton_is(word, "await")) {
		*v = (pelton_verdict){.decision = 6};
	} else if (pelton_is(word, "response")) {
		response(m, out);
	} else if (pelton_is(word, "length")) {
		pelton_answer(m, &r);
		pelton_put_int(&b, r.body.size);
		say(out, &b);
	} else if (pelton_is(word, "header")) {
		pelton_bytes value = pelton_text("-");
		char *name = pelton_scratch(rest.size + 1);
		memcpy(name, rest.data, rest.size);
		name[rest.size] = 0;
		if (pelton_answer(m, &r))
			pelton_response_header(&r, name, &value);
		pelton_emit(out, "out", PELTON_NONE, value);
	} else {
		return false;
	}
	return true;
}

static pelton_verdict handle(const pelton_message *m, pelton_out out)
{
	pelton_verdict verdict = pelton_ack();
	pelton_bytes commands = m->payload;
	do {
		pelton_bytes rest = cut(&commands, ';'), word = cut(&rest, ' ');
		if (decide(out, word, rest, &verdict) || state(out, word, rest) || request(m, out, word, rest, &verdict))
			continue;
		pelton_buffer b = {0};
		pelton_puts(&b, "unknown command ");
		pelton_put(&b, word);
		return pelton_dead_because(pelton_built(&b));
	} while (commands.size);
	return verdict;
}

PELTON_PLUGIN { .handle = handle, .outputs = {{"out", "text/plain"}} };

/* Plugin suite is the suite plugin of package actortest, as a C guest: its doc describes the commands. The tests of this
 * runtime add some: about, value, again and later; and of this SDK: fixed and json. */
#include "pelton.h"

static pelton_bytes fail;
static int64_t count;
static pelton_bytes saves; /* what save does */
static volatile uint64_t counter; /* volatile: C may assume that a loop without effect ends */

/* words is a C string of some text, in scratch memory. */
static const char *words(pelton_bytes before, int64_t n, const char *after)
{
	pelton_buffer b = {0};
	pelton_put(&b, before);
	if (after) {
		pelton_put_int(&b, n);
		pelton_puts(&b, after);
	}
	*pelton_room(&b, 1) = 0;
	return b.data;
}

static const char *start(void) { return fail.size ? words(fail, 0, NULL) : NULL; }

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

/* duration reads one number with a unit of ms, s, m or h, in nanoseconds. */
static int64_t duration(pelton_bytes b)
{
	uint32_t digits = 0;
	while (digits < b.size && (b.data[digits] == '-' || (b.data[digits] >= '0' && b.data[digits] <= '9')))
		digits++;
	int64_t n = number((pelton_bytes){b.data, digits});
	pelton_bytes unit = {b.data + digits, b.size - digits};
	if (pelton_is(unit, "ms"))
		return n * PELTON_MILLISECOND;
	return n * PELTON_SECOND * (pelton_is(unit, "h") ? 3600 : pelton_is(unit, "m") ? 60 : 1);
}

/* decide is the commands that give a verdict. */
static bool decide(pelton_bytes word, pelton_bytes rest, pelton_verdict *v)
{
	if (pelton_is(word, "ack"))
		*v = pelton_ack();
	else if (pelton_is(word, "retry"))
		*v = pelton_retry(duration(rest));
	else if (pelton_is(word, "defer"))
		*v = pelton_defer(pelton_now() + duration(rest));
	else if (pelton_is(word, "dead"))
		*v = pelton_dead_because(rest);
	else if (pelton_is(word, "hold"))
		*v = pelton_hold(duration(rest));
	else if (pelton_is(word, "again") || pelton_is(word, "later"))
		*v = pelton_is(word, "again") ? pelton_retry(PELTON_SECOND) : pelton_defer(3600 * PELTON_SECOND);
	else if (pelton_is(word, "none"))
		*v = (pelton_verdict){0};
	else
		return false;
	if (pelton_is(word, "again"))
		v->reason = pelton_text("busy");
	v->pass = pelton_is(word, "later");
	return true;
}

static void emit(pelton_out out, pelton_bytes rest)
{
	int64_t n = number(cut(&rest, ' ')), size = number(rest);
	char *payload = pelton_scratch((uint32_t)size);
	for (int64_t i = 0; i < n; i++) {
		memset(payload, 'a' + (int)(i % 26), (size_t)size);
		pelton_buffer key = {0};
		pelton_put_int(&key, i);
		pelton_emit(out, "out", pelton_built(&key), (pelton_bytes){payload, (uint32_t)size});
	}
}

static void echo(const pelton_message *m, pelton_out out)
{
	pelton_value f = pelton_field(m, "f");
	pelton_buffer b = {0};
	pelton_put(&b, m->payload);
	pelton_puts(&b, "|");
	pelton_put(&b, m->key);
	pelton_puts(&b, "|");
	pelton_put_int(&b, m->attempt);
	pelton_puts(&b, "|");
	pelton_put(&b, f.kind == PELTON_MISSING ? pelton_text("-") : pelton_string(f));
	pelton_emit(out, "echo", m->key, pelton_built(&b));
}

static void fall(pelton_bytes word)
{
	if (pelton_is(word, "trap"))
		pelton_panic("the suite's trap");
	if (pelton_is(word, "loop"))
		for (;;)
			counter++;
}

static void misbehave(pelton_out out, pelton_bytes word)
{
	fall(word);
	if (pelton_is(word, "hog"))
		for (;;) {
			volatile char *b = pelton_keep(1 << 20);
			for (uint32_t i = 0; i < 1 << 20; i += 4096)
				b[i] = 1;
		}
	pelton_bytes payload = {"", 0};
	if (pelton_is(word, "flood"))
		payload = (pelton_bytes){memset(pelton_scratch(1024), 0, 1024), 1024};
	for (;;)
		pelton_emit(out, "out", PELTON_NONE, payload);
}

static void about(const pelton_message *m, pelton_out out)
{
	pelton_bytes header = {"", 0};
	pelton_header(m, "h", &header);
	pelton_bytes parts[] = {pelton_id(m), pelton_source(m), pelton_lane(m), header, pelton_trace(m)};
	pelton_buffer b = {0};
	for (int i = 0; i < 5; i++) {
		pelton_puts(&b, i ? "|" : "");
		pelton_put(&b, parts[i]);
	}
	pelton_emit(out, "out", PELTON_NONE, pelton_built(&b));
}

/* value puts out the field as a whole number, as a number times 1000, and as text. */
static void value(const pelton_message *m, pelton_out out)
{
	pelton_value f = pelton_field(m, "f");
	pelton_buffer b = {0};
	int64_t n;
	double x;
	if (pelton_int(f, &n))
		pelton_put_int(&b, n);
	else
		pelton_puts(&b, "-");
	pelton_puts(&b, "|");
	if (pelton_float(f, &x))
		pelton_put_int(&b, (int64_t)(x * 1000 + (x < 0 ? -0.5 : 0.5)));
	else
		pelton_puts(&b, "-");
	pelton_puts(&b, "|");
	pelton_put(&b, pelton_string(f));
	pelton_emit(out, "out", PELTON_NONE, pelton_built(&b));
}

/* text puts out the field as this SDK writes numbers and JSON. */
static void text(const pelton_message *m, pelton_out out, bool json)
{
	pelton_value f = pelton_field(m, "f");
	pelton_buffer b = {0};
	double x = 0;
	if (json)
		pelton_put_json(&b, pelton_string(f));
	else if (pelton_float(f, &x))
		pelton_put_fixed(&b, x, 2);
	pelton_emit(out, "out", PELTON_NONE, pelton_built(&b));
}

/* act is the commands that have an effect; false says that there is no such command. */
static bool act(const pelton_message *m, pelton_out out, pelton_bytes word, pelton_bytes rest)
{
	if (pelton_is(word, "emit")) {
		emit(out, rest);
	} else if (pelton_is(word, "emit-undeclared")) {
		pelton_emit(out, "nowhere", PELTON_NONE, pelton_text("x"));
	} else if (pelton_is(word, "echo")) {
		echo(m, out);
	} else if (pelton_is(word, "type")) {
		char *type = pelton_scratch(rest.size + 1);
		memcpy(type, rest.data, rest.size);
		type[rest.size] = 0;
		pelton_emit_as(out, "out", type, PELTON_NONE, pelton_text("typed"));
	} else if (pelton_is(word, "count")) {
		pelton_buffer b = {0};
		pelton_put_int(&b, count);
		pelton_emit(out, "out", PELTON_NONE, pelton_built(&b));
	} else if (pelton_is(word, "token")) {
		pelton_emit(out, "out", PELTON_NONE, pelton_hold_token(m));
	} else if (pelton_is(word, "settle")) {
		pelton_bytes token = cut(&rest, ' ');
		pelton_out held = pelton_settle(out, token, pelton_is(rest, "dead") ? pelton_dead("settled") : pelton_ack());
		pelton_emit(held, "out", PELTON_NONE, pelton_text("settled"));
	} else if (pelton_is(word, "saves")) {
		saves = (pelton_bytes){memcpy(pelton_keep(rest.size), rest.data, rest.size), rest.size};
	} else if (pelton_is(word, "log")) {
		pelton_log(PELTON_INFO, rest);
	} else if (pelton_is(word, "about")) {
		about(m, out);
	} else if (pelton_is(word, "value")) {
		value(m, out);
	} else if (pelton_is(word, "fixed") || pelton_is(word, "json")) {
		text(m, out, pelton_is(word, "json"));
	} else if (pelton_is(word, "trap") || pelton_is(word, "loop") || pelton_is(word, "hog") || pelton_is(word, "flood") || pelton_is(word, "drip")) {
		misbehave(out, word);
	} else {
		return false;
	}
	return true;
}

static pelton_verdict handle(const pelton_message *m, pelton_out out)
{
	count++;
	pelton_verdict verdict = pelton_ack();
	pelton_bytes commands = m->payload;
	do {
		pelton_bytes rest = cut(&commands, ';'), word = cut(&rest, ' ');
		if (decide(word, rest, &verdict) || act(m, out, word, rest))
			continue;
		pelton_buffer b = {0};
		pelton_puts(&b, "unknown command ");
		pelton_put(&b, word);
		return pelton_dead_because(pelton_built(&b));
	} while (commands.size);
	return verdict;
}

static const char *save(pelton_kept *into)
{
	pelton_bytes rest = saves, word = cut(&rest, ' ');
	fall(word);
	if (pelton_is(word, "refuse"))
		return words(rest, 0, NULL);
	pelton_buffer b = {0};
	pelton_put_int(&b, count);
	if (pelton_is(word, "big")) {
		uint32_t more = (uint32_t)number(rest) - b.size;
		memset(pelton_room(&b, more), ' ', more);
		b.size += more;
	}
	*into = (pelton_kept){pelton_is(word, "version") ? (uint32_t)number(rest) : 1, pelton_built(&b)};
	return NULL;
}

static const char *load(pelton_kept state)
{
	if (state.version == 3)
		fall(pelton_text("trap"));
	if (state.version != 1)
		return words(pelton_text("version "), state.version, " is too new");
	count = number(cut(&state.bytes, ' '));
	return NULL;
}

PELTON_PLUGIN {
	.handle = handle,
	.outputs = {{"out", "text/plain"}, {"echo"}},
	.config = {PELTON_SETTING("fail", &fail)},
	.start = start,
	.save = save,
	.load = load,
};
